-- Whoever wants to be asked is: a command's approval and the review are menus, here of a plugin that answers later.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  user.pick_later()
  local buffer = user.open('shop/prices.py')
  user.answer = function(question)
    return vim.tbl_contains(question.titles, 'Run once') and 'Run once' or 'Apply'
  end
  vim.cmd('Devstral edit apply=review round the totals')
  user.wait('the edit', function() return user.text(buffer):find('round%(') end)
  user.settled()
  local _, output = reviewing.output()
  return { questions = user.questions, output = output, after = user.text(buffer) }
end)
