;;; lsp-mode.el --- devstral-ls with lsp-mode  -*- lexical-binding: t; -*-

;; Beside your language's server, in every buffer in which M-x lsp runs.
(with-eval-after-load 'lsp-mode
  (lsp-register-client
   (make-lsp-client :new-connection (lsp-stdio-connection '("devstral-ls" "serve"))
                    :activation-fn (lambda (&rest _) t)
                    :server-id 'devstral
                    :add-on? t)))

(defun devstral-run (command &rest arguments)
  "Run Devstral's COMMAND, about the region if there is one, without waiting for it."
  (let ((line (lambda (position) (list :line (1- (line-number-at-pos position t)) :character 0)))
        (here (and buffer-file-name (lsp-find-workspace 'devstral buffer-file-name))))
    ;; An answer's own buffer has no server: there the command is about the place of the last one.
    (with-lsp-workspace (or here (lsp-find-workspace 'devstral) (user-error "Devstral does not run here: M-x lsp"))
      (lsp-request-async
       "workspace/executeCommand"
       (list :command command
             :arguments
             (vector (append (and here `(:textDocument ,(lsp--text-document-identifier)
                                         :range (:start ,(funcall line (if (use-region-p) (region-beginning) (point)))
                                                 :end ,(funcall line (if (use-region-p) (region-end) (point))))))
                             arguments)))
       #'ignore
       :error-handler (lambda (problem) (message "Devstral: %s" (lsp-get problem :message)))
       :mode 'detached))))

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

;;; lsp-mode.el ends here
