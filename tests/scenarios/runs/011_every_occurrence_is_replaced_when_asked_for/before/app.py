x = x + x
