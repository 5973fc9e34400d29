;;; edit.el --- a code action, Eglot's question, the edit, undo  -*- lexical-binding: t; -*-

(require 'eglot)
(require 'json)

(defvar questions nil "What Emacs asked, the newest first.")
(defvar messages nil "What Emacs said, the newest first.")

(advice-add 'y-or-n-p :override (lambda (prompt) (push prompt questions) t))
(advice-add 'message :before (lambda (&rest said) (when (car said) (push (apply #'format said) messages))))

(defun wait-until (what holds)
  "Let processes and timers run until HOLDS; WHAT names it when it never does."
  (let ((end (+ (float-time) 20)))
    (while (not (funcall holds))
      (when (> (float-time) end)
        (error "Waited in vain for %s; asked %S; said %S" what questions messages))
      (accept-process-output nil 0.02))))

(defun pick (title)
  "Execute the code action TITLE, as `eglot-code-actions' does; the titles offered."
  (let ((actions (eglot-code-actions (point) nil)))
    (eglot-execute
     (eglot-current-server)
     (or (seq-find (lambda (one) (equal (plist-get one :title) title)) actions) (error "No %s in %S" title actions)))
    (mapcar (lambda (one) (plist-get one :title)) actions)))

(find-file "shop/prices.py")
(setq eglot-sync-connect 20)
(call-interactively #'eglot)
(buffer-enable-undo)
(undo-boundary)
(let* ((before (buffer-string))
       (start (float-time))
       (menu (pick "Devstral: improve this file"))
       (blocked (- (float-time) start)))
  (wait-until "the edit" (lambda () (not (equal (buffer-string) before))))
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
      (with-temp-file (getenv "OUTCOME")
        (insert (json-encode
                 `((menu . ,(vconcat menu)) (after . ,after) (undone . ,(if undone t :json-false))
                   (blocked . ,blocked)
                   (questions . ,(vconcat questions)) (messages . ,(vconcat messages)))))))))
(eglot-shutdown-all)
