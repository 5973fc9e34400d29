-- Neovim keeps what a run does to itself unless something shows it: here the status line does.
vim.o.statusline = "%f %m%= %{get(g:, 'lsp_status', '')} %= %l,%c %P"
vim.api.nvim_create_autocmd('LspProgress', {
  callback = function()
    vim.g.lsp_status = vim.lsp.status() -- it forgets what it has told, so it is asked once
    vim.cmd.redrawstatus()
  end,
})
