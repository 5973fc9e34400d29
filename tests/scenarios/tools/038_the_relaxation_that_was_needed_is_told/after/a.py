if x:
    y = 3
    z = 2
