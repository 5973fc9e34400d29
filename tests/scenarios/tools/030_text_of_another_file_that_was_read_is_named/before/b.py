x = 1

def target():
    pass
