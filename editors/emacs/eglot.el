;;; eglot.el --- devstral-ls with Eglot  -*- lexical-binding: t; -*-

;; Eglot runs one server per buffer: M-x eglot starts Devstral's in place of your language's.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(prog-mode "devstral-ls" "serve")))

(defvar devstral-server nil "Devstral's newest server: what is asked in buffers without one, such as an answer's.")
(add-hook 'eglot-managed-mode-hook (lambda () (when (eglot-managed-p) (setq devstral-server (eglot-current-server)))))

(defun devstral-run (command &rest arguments)
  "Run Devstral's COMMAND, about the region if there is one, without waiting for it."
  (let ((line (lambda (position) (list :line (1- (line-number-at-pos position t)) :character 0)))
        (here (and buffer-file-name (eglot-current-server))))
    (jsonrpc-async-request
     (or here devstral-server (user-error "Devstral does not run here: M-x eglot"))
     :workspace/executeCommand
     (list :command command
           :arguments
           (vector (append (and here `(:textDocument (:uri ,(eglot-path-to-uri buffer-file-name))
                                       :range (:start ,(funcall line (if (use-region-p) (region-beginning) (point)))
                                               :end ,(funcall line (if (use-region-p) (region-end) (point))))))
                           arguments)))
     :deferred command ; until Eglot has sent the newest text
     :success-fn #'ignore
     :error-fn (lambda (problem) (message "Devstral: %s" (plist-get problem :message))))))

(defun devstral-ask (prompt)
  "Ask Devstral PROMPT."
  (interactive "sAsk Devstral: ")
  (devstral-run "devstral.ask" :prompt prompt))

(defun devstral-edit (prompt)
  "Have Devstral change what PROMPT says."
  (interactive "sEdit with Devstral: ")
  (devstral-run "devstral.edit" :prompt prompt))

(defun devstral-cancel ()
  "Cancel what Devstral does."
  (interactive)
  (devstral-run "devstral.cancel"))

;;; eglot.el ends here
