;;; eglot.el --- devstral-ls with Eglot  -*- lexical-binding: t; -*-

;; Eglot runs one server per buffer: M-x eglot starts Devstral's in place of your language's.
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(prog-mode "devstral-ls" "serve")))

(defun devstral-run (command &rest arguments)
  "Run Devstral's COMMAND, about the region if there is one, without waiting for it."
  (let ((lines (lambda (position) (list :line (1- (line-number-at-pos position t)) :character 0))))
    (jsonrpc-async-request
     (or (eglot-current-server) (user-error "Devstral does not run here: M-x eglot"))
     :workspace/executeCommand
     (list :command command
           :arguments
           (vector `(:textDocument (:uri ,(eglot-path-to-uri buffer-file-name))
                     :range (:start ,(funcall lines (if (use-region-p) (region-beginning) (point)))
                             :end ,(funcall lines (if (use-region-p) (region-end) (point))))
                     ,@arguments)))
     :deferred command ; until Eglot has sent the newest text
     :success-fn #'ignore
     :error-fn (lambda (problem) (message "Devstral: %s" (plist-get problem :message))))))

(defun devstral-ask (prompt)
  "Ask Devstral PROMPT."
  (interactive "sAsk Devstral: ")
  (devstral-run "devstral.ask" :prompt prompt))

(defun devstral-cancel ()
  "Cancel what Devstral does."
  (interactive)
  (devstral-run "devstral.cancel"))

;;; eglot.el ends here
