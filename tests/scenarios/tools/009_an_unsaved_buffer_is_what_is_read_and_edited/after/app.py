def area(width, height):
    return width * height


def main():
    print(area(6, 7))
