vim.api.nvim_create_autocmd('FileType', {
  callback = function(event)
    if vim.bo[event.buf].buftype ~= '' then return end
    local root = vim.fs.root(event.buf, '.git') or vim.fn.getcwd()
    vim.lsp.start({ name = 'devstral_ls', cmd = { 'devstral-ls', 'serve' }, root_dir = root })
  end,
})
