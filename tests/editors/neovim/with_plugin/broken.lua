-- The model does not answer: said in a message, in the status line and by :checkhealth; so is a server that is missing.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  user.open('shop/prices.py')
  vim.cmd('Devstral ask what is this?')
  reviewing.notified('nothing answers')
  local seen = { status = user.wait('the status line', function()
    local line = reviewing.status_line()
    return line:find('Devstral: ', 1, true) and line
  end) }
  vim.cmd('checkhealth devstral_ls')
  seen.health = user.text()
  vim.cmd.tabclose()
  vim.env.PATH = '/nowhere'
  vim.cmd('checkhealth devstral_ls')
  seen.missing = user.text()
  vim.cmd.tabclose()
  return seen
end)
