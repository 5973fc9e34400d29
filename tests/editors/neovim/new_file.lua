-- A file the agent adds exists, in the editor and on disk, only once it was applied and written.
local user = require('user')

user.case(function()
  user.open('shop/prices.py')
  user.answer = function()
    user.reach('asked')
    return 'Apply'
  end
  user.act('Devstral: write tests for this file')
  local function added() return vim.fn.bufnr('test_prices.py') end
  user.wait('the new buffer', function() return added() > 0 and user.text(added()):find('test_total') end)
  user.settled()
  local seen = {
    question = user.questions[1],
    text = user.text(added()),
    listed = vim.bo[added()].buflisted,
    modified = vim.bo[added()].modified,
    current = vim.fn.expand('%'),
  }
  vim.cmd.wall()
  return seen
end)
