-- Nothing is open but the empty buffer; then a file of no known type with text that is not saved; then one that can't be changed.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  vim.cmd('Devstral ask what is in this project?') -- which starts the server
  user.wait('the answer', function()
    local _, text = reviewing.output()
    return text and text:find('A shop.', 1, true)
  end)
  reviewing.idle()
  vim.cmd.edit('LICENSE')
  vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'Do what you like.' })
  vim.cmd('%Devstral ask what may I do?')
  reviewing.idle()

  vim.cmd('edit! shop/prices.py')
  local before = user.text()
  user.client()
  vim.cmd('Devstral edit round the totals')
  reviewing.until_shown(1)
  reviewing.idle()
  vim.bo.modifiable = false
  vim.cmd('%Devstral accept')
  reviewing.notified("shop/prices.py has 'modifiable' off")
  local seen = { untouched = user.text() == before }
  vim.bo.modifiable = true
  vim.cmd('%Devstral accept')
  user.wait('the edit', function() return user.text():find('round%(') end)
  seen.marked = #reviewing.until_shown(0)
  return seen
end)
