if a:
        x()
        z()
if b:
    x()
    z()
