-- The main road: a code action, the run with its progress, the question, Apply, and one step of undo back.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  user.answer = function() return 'Apply' end
  local menu = user.act('Devstral: improve this file')
  local question = user.asked()
  user.wait('the edit', function() return user.text(buffer) ~= before end)
  local after = user.text(buffer)
  local client = user.client()
  local seen = {
    menu = menu,
    question = question,
    after = after,
    last = user.ended(),
    progress = user.kinds_of_progress(),
    first = user.progress[1],
    encoding = client.offset_encoding,
    root = client.config.root_dir,
    modified = vim.bo[buffer].modified,
  }
  user.settled()
  user.reach('applied')
  vim.cmd.undo()
  seen.undone = user.text(buffer) == before
  seen.modified_when_undone = vim.bo[buffer].modified
  vim.cmd.redo()
  seen.redone = user.text(buffer) == after
  vim.cmd.write()
  return seen
end)
