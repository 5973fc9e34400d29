-- :checkhealth without a client, with one that was not asked yet, and with one that was.
local user = require('user')
local reviewing = require('reviewing')

local function check()
  vim.cmd('checkhealth devstral_ls')
  local text = user.text()
  vim.cmd(#vim.api.nvim_list_tabpages() > 1 and 'tabclose' or 'enew!')
  return text
end

user.case(function()
  local seen = { nobody = check() }
  user.open('shop/prices.py')
  seen.new = check()
  vim.cmd('Devstral ask what is this?')
  reviewing.idle()
  seen.used = check()
  return seen
end)
