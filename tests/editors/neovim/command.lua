-- A command the agent wants to run is asked about first, and the review follows when the run has ended.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.answer = function(question)
    return vim.tbl_contains(question.titles, 'Run once') and 'Run once' or 'Apply'
  end
  user.act('Devstral: improve this file')
  user.wait('the edit', function() return user.text(buffer):find('round%(') end)
  return { questions = user.questions }
end)
