def target():
