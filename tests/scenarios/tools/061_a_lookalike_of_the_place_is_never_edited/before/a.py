total = price * count
total = price + count
