-- For init.lua, once the plugin is on 'runtimepath'. The first line alone will do.
require('devstral_ls').enable() -- in Neovim >= 0.11 the same as vim.lsp.enable('devstral_ls')

vim.keymap.set({ 'n', 'x' }, '<Leader>da', ':Devstral ask<CR>', { desc = 'Devstral: ask' })
vim.keymap.set({ 'n', 'x' }, '<Leader>de', ':Devstral edit<CR>', { desc = 'Devstral: edit' })
vim.keymap.set({ 'n', 'x' }, '<Leader>df', ':Devstral fix<CR>', { desc = 'Devstral: fix what is reported here' })
vim.keymap.set('n', '<Leader>dc', ':Devstral cancel<CR>', { desc = 'Devstral: cancel' })
vim.keymap.set('n', '<Leader>do', ':Devstral output<CR>', { desc = 'Devstral: show or hide what it says' })

vim.o.statusline = "%f %m%= %{v:lua.require'devstral_ls'.statusline()} %= %l,%c %P"
