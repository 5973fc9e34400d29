;;; user.el --- what a person at an Emacs does and sees  -*- lexical-binding: t; -*-

(require 'eglot)
(require 'json)

(defvar questions nil "What Emacs asked, the newest first.")

(advice-add 'y-or-n-p :override (lambda (prompt) (push prompt questions) t))
(defvar answer (lambda () "Apply") "What the user does when asked, and says.")
(setq completing-read-function (lambda (prompt &rest _) (push prompt questions) (funcall answer)))

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

(defun pause ()
  "Do nothing for a moment, which is when Eglot sends changes; in batch Emacs is never idle."
  (eglot--signal-textDocument/didChange))

(defun run (command &rest arguments)
  "The answer to a COMMAND of the server."
  (pause)
  (jsonrpc-request (eglot-current-server) :workspace/executeCommand
                   (list :command command :arguments (vector arguments)) :timeout 20))

(defun pending ()
  "How many proposals the server holds for the text as it is now."
  (length (plist-get (run "devstral.status") :proposals)))

(defun type-at (line old new)
  "Put NEW in the place of OLD on LINE, as if typed."
  (save-excursion
    (goto-char (point-min))
    (forward-line (1- line))
    (when old (search-forward old) (delete-char (- (length old))))
    (insert new))
  (undo-boundary))

(defun undo-once ()
  "Undo as C-/ does; whether something was left to undo."
  (undo-boundary)
  (setq last-command nil)
  (undo-only 1))

(defun was-said (text)
  "Whether Emacs showed TEXT in the echo area."
  (with-current-buffer (messages-buffer) (string-search text (buffer-string))))

(defun json-truth (value)
  "VALUE as JSON's true or false."
  (if value t :json-false))

(defun show (seen)
  "Hand SEEN to the test, and leave."
  (with-temp-file (getenv "OUTCOME")
    (insert (json-encode `((questions . ,(vconcat questions)) ,@seen))))
  (eglot-shutdown-all))

(defvar edited nil "The buffer the server was started for.")

(defun start ()
  "Open a file and start the server for it, as a user would."
  (find-file "shop/prices.py")
  (setq edited (current-buffer))
  (setq eglot-sync-connect 20)
  (call-interactively #'eglot)
  (buffer-enable-undo)
  (undo-boundary))
