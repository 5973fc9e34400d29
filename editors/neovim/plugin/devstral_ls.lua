if vim.g.loaded_devstral_ls then return end
vim.g.loaded_devstral_ls = true

vim.api.nvim_create_user_command('Devstral', function(call) require('devstral_ls.commands').run(call) end, {
  nargs = '*',
  range = true,
  bang = true,
  complete = function(...) return require('devstral_ls.commands').complete(...) end,
  desc = 'Ask Devstral, review what it proposes',
})

vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('devstral_ls', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or client.name ~= 'devstral_ls' then return end
    require('devstral_ls.starting').arrived(client)
    require('devstral_ls.pending').opened(client)
  end,
})
