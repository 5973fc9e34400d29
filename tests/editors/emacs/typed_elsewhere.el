;;; typed_elsewhere.el --- typed while the question is open  -*- lexical-binding: t; -*-

(start)
(setq answer (lambda ()
               (with-current-buffer edited (type-at 1 nil "# mine\n"))
               (with-current-buffer edited (pause)) ; reading the question takes longer than Eglot waits
               "Apply"))
(pick "Devstral: improve this file")
(wait-until "the edit" (lambda () (string-search "round(" (buffer-string))))
(wait-until "the proposal to be settled" (lambda () (= (pending) 0)))
(let ((after (buffer-string)))
  (undo-once)
  (show `((after . ,after) (undone . ,(buffer-string)))))
