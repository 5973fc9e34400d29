;;; rejected.el --- a discarded proposal changes nothing, and the model hears of it  -*- lexical-binding: t; -*-

(start)
(setq answer (lambda () "Discard"))
(type-at 1 nil "# mine\n")
(let ((before (buffer-string)))
  (pick "Devstral: improve this file")
  (wait-until "the question" (lambda () questions))
  (wait-until "the proposal to be discarded" (lambda () (= (pending) 0)))
  (run "devstral.ask" :prompt "go on" :wait t)
  (show `((untouched . ,(json-truth (equal (buffer-string) before))))))
