;;; edit.el --- a code action, Eglot's question, the edit, undo, and a question to the model  -*- lexical-binding: t; -*-

(start)
(let* ((before (buffer-string))
       (start (float-time))
       (menu (pick "Devstral: improve this file"))
       (blocked (- (float-time) start)))
  (wait-until "the edit" (lambda () (not (equal (buffer-string) before))))
  ;; Undone before Eglot has told of the edit: it tells of both together, with the next question.
  (let ((after (buffer-string))
        (undone (progn (undo-once) (equal (buffer-string) before))))
    (devstral-ask "what is this?")
    (pause)
    (wait-until "the answer"
                (lambda ()
                  (seq-some (lambda (buffer)
                              (with-current-buffer buffer
                                (and buffer-file-name (string-search "It adds prices up" (buffer-string)))))
                            (buffer-list))))
    (show `((menu . ,(vconcat menu)) (after . ,after) (undone . ,(json-truth undone)) (blocked . ,blocked)
            (pending . ,(pending))))))
