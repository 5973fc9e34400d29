;;; user.el --- what a person at an Emacs does and sees  -*- lexical-binding: t; -*-

(require 'eglot)
(require 'json)

(defvar questions nil "What Emacs asked, the newest first.")

(advice-add 'y-or-n-p :override (lambda (prompt) (push prompt questions) t))
(setq completing-read-function (lambda (prompt &rest _) (push prompt questions) "Apply"))

(defun wait-until (what holds)
  "Let processes and timers run until HOLDS; WHAT names it when it never does."
  (let ((end (+ (float-time) 20)))
    (while (not (funcall holds))
      (when (> (float-time) end)
        (error "Waited in vain for %s; asked %S" what questions))
      (accept-process-output nil 0.02))))

(defun pick (title)
  "Execute the code action TITLE, as `eglot-code-actions' does; the titles offered."
  (let ((actions (eglot-code-actions (point) nil)))
    (eglot-execute
     (eglot-current-server)
     (or (seq-find (lambda (one) (equal (plist-get one :title) title)) actions) (error "No %s in %S" title actions)))
    (mapcar (lambda (one) (plist-get one :title)) actions)))

(defun pending ()
  "How many proposals the server holds for the text as it is now."
  (eglot--signal-textDocument/didChange) ; in batch Emacs is never idle, which is when Eglot sends changes
  (length (plist-get (jsonrpc-request (eglot-current-server) :workspace/executeCommand '(:command "devstral.status"))
                     :proposals)))

(defun show (seen)
  "Hand SEEN to the test, and leave."
  (with-temp-file (getenv "OUTCOME")
    (insert (json-encode `((questions . ,(vconcat questions)) ,@seen))))
  (eglot-shutdown-all))

(defun start ()
  "Open a file and start the server for it, as a user would."
  (find-file "shop/prices.py")
  (setq eglot-sync-connect 20)
  (call-interactively #'eglot)
  (buffer-enable-undo)
  (undo-boundary))
