def area(width, height):
    return abs(width * height)


def main():
    print(area(2, 3))
