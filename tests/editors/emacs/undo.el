;;; undo.el --- devstral.undo takes an applied proposal back after it was saved  -*- lexical-binding: t; -*-

(start)
(let ((before (buffer-string)) (make-backup-files nil))
  (pick "Devstral: improve this file")
  (wait-until "the edit" (lambda () (not (equal (buffer-string) before))))
  (wait-until "the proposal to be settled" (lambda () (= (pending) 0)))
  (type-at 1 nil "# mine\n")
  (save-buffer)
  (let* ((written (buffer-string))
         ;; Not waited for, as by a key: Emacs answers the edit only while it is not blocked.
         (answered nil))
    (jsonrpc-async-request (eglot-current-server) :workspace/executeCommand '(:command "devstral.undo" :arguments [])
                           :success-fn (lambda (it) (setq answered it)) :error-fn #'error)
    (wait-until "the edit" (lambda () (not (equal (buffer-string) written))))
    (pause)
    (wait-until "the answer" (lambda () answered))
    (show `((written . ,written) (after . ,(buffer-string))
            (undone . ,(json-truth (eq (plist-get answered :undone) t)))))))
