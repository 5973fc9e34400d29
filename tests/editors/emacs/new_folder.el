;;; new_folder.el --- a file in a folder that is not there yet  -*- lexical-binding: t; -*-

(start)
(defvar added (expand-file-name "tests/test_prices.py" command-line-default-directory))
(pick "Devstral: write tests for this file")
(wait-until "the refusal" (lambda () (was-said "make folders")))
(let ((buffers (json-truth (find-buffer-visiting added))) (pending (pending)))
  (make-directory (file-name-directory added))
  (pick (format "Devstral: apply all (1 file, +2 -0)"))
  (wait-until "the new file" (lambda () (find-buffer-visiting added)))
  (with-current-buffer (find-buffer-visiting added)
    (wait-until "the proposal to be settled" (lambda () (= (pending) 0)))
    (show `((text . ,(buffer-string)) (opened . ,buffers) (pending . ,pending)))))
