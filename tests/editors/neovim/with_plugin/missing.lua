-- No server can be started: one line says why, and what to do.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  vim.env.PATH = '/nowhere'
  vim.cmd.edit('shop/prices.py')
  pcall(vim.cmd, 'Devstral ask what is this?')
  reviewing.notified('devstral-ls is not found: see :checkhealth devstral_ls')
  vim.cmd('checkhealth devstral_ls')
  local seen = { health = user.text() }
  if vim.lsp.enable then
    vim.lsp.enable('devstral_ls', false)
    vim.cmd('Devstral ask what is this?')
    reviewing.notified("Devstral is not enabled: put vim.lsp.enable('devstral_ls') into init.lua")
  end
  return seen
end)
