vim.api.nvim_create_autocmd('FileType', {
  callback = function(event)
    if vim.bo[event.buf].buftype ~= '' then return end
    vim.lsp.start({ name = 'devstral', cmd = { 'devstral-ls', 'serve' }, root_dir = vim.fs.root(event.buf, '.git') })
  end,
})
