;;; typed_there.el --- the edited line is changed while the question is open: what is typed stays  -*- lexical-binding: t; -*-

(start)
(setq answer (lambda ()
               (with-current-buffer edited (type-at 11 "sum" "math.fsum"))
               (with-current-buffer edited (pause)) ; reading the question takes longer than Eglot waits
               "Apply"))
(pick "Devstral: improve this file")
(wait-until "the refusal" (lambda () (was-said "changed where Devstral")))
(show `((after . ,(buffer-string)) (pending . ,(pending))))
