vim.lsp.config('devstral', {
  cmd = { 'devstral-ls', 'serve' },
  root_markers = { '.git' },
})
vim.lsp.enable('devstral')
