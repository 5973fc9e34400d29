;;; edit.el --- a code action, Eglot's question, the edit, undo, and a question to the model  -*- lexical-binding: t; -*-

(start)
(let* ((before (buffer-string))
       (start (float-time))
       (menu (pick "Devstral: improve this file"))
       (blocked (- (float-time) start)))
  (wait-until "the edit" (lambda () (not (equal (buffer-string) before))))
  (wait-until "the proposal to be settled" (lambda () (= (pending) 0)))
  (let ((after (buffer-string)))
    (undo-boundary)
    (primitive-undo 1 (if (null (car buffer-undo-list)) (cdr buffer-undo-list) buffer-undo-list))
    (let ((undone (equal (buffer-string) before)))
      (devstral-ask "what is this?")
      (wait-until "the answer"
                  (lambda ()
                    (seq-some (lambda (buffer)
                                (with-current-buffer buffer
                                  (and buffer-file-name (string-search "It adds prices up" (buffer-string)))))
                              (buffer-list))))
      (show `((menu . ,(vconcat menu)) (after . ,after) (undone . ,(if undone t :json-false)) (blocked . ,blocked))))))
