;;; lsp-mode-user.el --- what a person at an Emacs with lsp-mode does and sees  -*- lexical-binding: t; -*-

(require 'lsp-mode)
(require 'json)

(defvar questions nil "What Emacs asked, the newest first.")
(defvar answer (lambda () "Apply") "What the user does when asked, and says.")
(setq completing-read-function (lambda (prompt &rest _) (push prompt questions) (funcall answer)))

(defun wait-until (what holds)
  "Let processes and timers run until HOLDS; WHAT names it when it never does."
  (let ((end (+ (float-time) 20)))
    (while (not (funcall holds))
      (when (> (float-time) end)
        (error "Waited in vain for %s; asked %S; said %s" what questions
               (with-current-buffer (messages-buffer) (buffer-string))))
      (accept-process-output nil 0.02))))

(defun pick (title)
  "Execute the code action TITLE, as `lsp-execute-code-action' does; the titles offered."
  (let ((actions (append (lsp-code-actions-at-point) nil)))
    (lsp-execute-code-action
     (or (seq-find (lambda (one) (equal (lsp-get one :title) title)) actions) (error "No %s in %S" title actions)))
    (mapcar (lambda (one) (lsp-get one :title)) actions)))

(defun pending ()
  "How many proposals the server holds."
  (length (lsp-get (lsp-workspace-command-execute "devstral.status") :proposals)))

(defun was-shown (text)
  "Whether a buffer of Emacs shows TEXT."
  (seq-some (lambda (buffer) (with-current-buffer buffer (string-search text (buffer-string)))) (buffer-list)))

(defun show (seen)
  "Hand SEEN to the test, and leave."
  (with-temp-file (getenv "OUTCOME")
    (insert (json-encode `((questions . ,(vconcat questions)) ,@seen))))
  (ignore-errors (lsp-workspace-shutdown lsp--cur-workspace))
  (kill-emacs 0))

(defun start ()
  "Open a file and start the server for it, as a user would who was asked for the project's root before."
  (setq lsp-session-file (expand-file-name "lsp-session" (getenv "HOME")))
  (lsp-workspace-folders-add command-line-default-directory)
  (find-file "shop/prices.py")
  (lsp)
  (buffer-enable-undo)
  (undo-boundary)
  (wait-until "the server" (lambda () (and (lsp-workspaces) (eq 'initialized (lsp--workspace-status (car (lsp-workspaces))))))))
