def area(width, height):
    return 1


def main():
    print(area(2, 3))
# more
