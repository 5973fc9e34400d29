;;; new_file.el --- a file the agent adds  -*- lexical-binding: t; -*-

(start)
(defvar added (expand-file-name "shop/test_prices.py" command-line-default-directory))
(pick "Devstral: write tests for this file")
(wait-until "the new file" (lambda () (find-buffer-visiting added)))
(wait-until "the proposal to be settled" (lambda () (= (pending) 0)))
(with-current-buffer (find-buffer-visiting added)
  (show `((text . ,(buffer-string)))))
