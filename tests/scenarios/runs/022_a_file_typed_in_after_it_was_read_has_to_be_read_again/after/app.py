zero = 0
one = 1
two = 2
three = 33
four = 4
