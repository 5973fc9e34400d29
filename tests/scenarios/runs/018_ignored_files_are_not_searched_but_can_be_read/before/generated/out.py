name = 2
