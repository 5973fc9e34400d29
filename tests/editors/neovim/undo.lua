-- devstral.undo takes an applied proposal back after it was written and the buffer was loaded anew, so that u can't.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  user.answer = function() return 'Apply' end
  user.act('Devstral: improve this file')
  user.wait('the edit', function() return user.text(buffer) ~= before end)
  user.settled()
  user.type('ggO# typed since<Esc>')
  vim.bo.undolevels = vim.bo.undolevels -- what is typed with the next key is a step of its own, as it is for a person
  vim.cmd.write()
  local written = user.text(buffer)
  local answer = user.command('devstral.undo')
  local undone = user.text(buffer)
  vim.cmd.undo()
  local redone = user.text(buffer)
  vim.cmd.redo()
  vim.cmd.write()
  user.command('devstral.ask', { prompt = 'go on', wait = true })
  return { before = before, written = written, answer = answer, undone = undone, one_step = redone == written }
end)
