-- Changes follow what is typed, are applied around it, and a hunk is one step of undo apart from what was typed.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  local buffer = user.open('shop/prices.py')
  vim.cmd('Devstral edit round the totals')
  reviewing.until_shown(2)
  reviewing.idle()
  user.type('ggO# typed<Esc>')
  local typed = user.text()
  user.wait('the changes to follow', function() return vim.tbl_contains(reviewing.shown(), '4 -') end)
  local seen = {}
  vim.cmd('%Devstral accept')
  user.wait('the edit', function() return user.text(buffer):find('round%(') end)
  user.settled()
  seen.accepted = user.text()
  vim.cmd.undo()
  seen.one_step = user.text() == typed
  vim.cmd.redo()
  vim.cmd.write()
  user.type('ggO# typed since<Esc>')
  vim.cmd('Devstral undo')
  reviewing.notified('Undone in 1 file')
  seen.taken_back = user.text()
  vim.cmd.undo()
  seen.undo_is_one_step = user.text() == '# typed since\n' .. seen.accepted
  return seen
end)
