y = y + y
