-- What another tool reports goes along with `:Devstral fix`: on the cursor's line, in a range, and else of the whole file.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  local buffer = user.open('shop/prices.py')
  vim.cmd('Devstral fix')
  reviewing.notified('Nothing is reported here')
  local linter = vim.api.nvim_create_namespace('a linter')
  local function report(lnum, message)
    return { lnum = lnum, col = 4, end_lnum = lnum, end_col = 10, message = message, severity = 2, source = 'linter' }
  end
  vim.diagnostic.set(linter, buffer, { report(10, 'sum of floats loses cents'), report(6, 'of another line') })
  user.go_to('return sum')
  vim.cmd('Devstral! fix') -- at once
  user.wait('the edit', function() return user.text(buffer):find('round%(') end)
  reviewing.idle()
  reviewing.all_decided()
  local seen = { at_once = user.text(), shown = reviewing.shown() }
  vim.cmd('5,8Devstral fix')
  reviewing.idle()
  user.go_to('TAX')
  vim.cmd('Devstral fix be quick')
  reviewing.idle()
  return seen
end)
