one = 11
two = 2
three = 3
four = 4
