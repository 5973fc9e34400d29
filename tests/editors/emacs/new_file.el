;;; new_file.el --- a file the agent adds  -*- lexical-binding: t; -*-

(start)
(pick "Devstral: write tests for this file")
(wait-until "the new file" (lambda () (find-buffer-visiting "tests/test_prices.py")))
(wait-until "the proposal to be settled" (lambda () (= (pending) 0)))
(with-current-buffer (find-buffer-visiting "tests/test_prices.py")
  (show `((text . ,(buffer-string)))))
