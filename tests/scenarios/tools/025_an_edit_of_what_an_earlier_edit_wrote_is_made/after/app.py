def area(width, height):
    result = width * height
    return abs(result)


def main():
    print(area(2, 3))
