typed, then edited
