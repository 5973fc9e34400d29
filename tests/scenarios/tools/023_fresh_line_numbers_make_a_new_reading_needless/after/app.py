def area(width, height):
    return width * height


import sys


def main():
    print(area(4, 5))
