vim.lsp.config('devstral_ls', {
  cmd = { 'devstral-ls', 'serve' },
  root_dir = function(buffer, start) start(vim.fs.root(buffer, '.git') or vim.fn.getcwd()) end,
})
vim.lsp.enable('devstral_ls')
