-- A change in the user's own words: what goes on is shown, then each change in the text is accepted or rejected.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  vim.keymap.set('n', ']h', 'gg', { buffer = buffer, desc = "another plugin's" })
  vim.cmd('Devstral edit round the totals to cents')
  local busy = user.wait('the status line', function()
    local line = reviewing.status_line()
    return line:find('Edit with Devstral') and line
  end)
  local seen = { busy = busy, first = reviewing.until_shown(2) }
  reviewing.notified('Devstral proposes changes to shop/prices.py')
  seen.untouched = user.text() == before
  seen.status = reviewing.status_line()
  seen.current = vim.fn.expand('%')
  local _, output = reviewing.output()
  seen.output = output

  seen.lines = {}
  local function go(keys)
    user.type(keys)
    table.insert(seen.lines, reviewing.line())
  end
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  go(']h')
  go(']h')
  go(']h') -- around the end
  go('[h')
  go('[h')

  go(']h') -- 11
  user.type('<Leader>ha')
  seen.second = reviewing.until_shown(1)
  seen.accepted = user.text()
  vim.cmd.undo()
  seen.undone = user.text() == before
  vim.cmd.redo()
  vim.api.nvim_win_set_cursor(0, { 1, 0 })
  user.type('<Leader>hr')
  reviewing.notified('Devstral proposes nothing here: ]h goes to the next change')
  go(']h')
  user.type('<Leader>hr')
  reviewing.until_shown(0)
  user.settled()
  seen.left_alone = user.text() == seen.accepted
  seen.mapping = vim.fn.maparg(']h', 'n', false, true).desc
  seen.accept_key = vim.fn.maparg('<Leader>ha', 'n')
  seen.quiet = reviewing.status_line()
  return seen
end)
