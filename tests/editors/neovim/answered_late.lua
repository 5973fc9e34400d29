-- Closing the question decides nothing: the proposal waits among the code actions, with its diff, until it is applied.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  user.act('Devstral: improve this file')
  user.asked()
  user.go_to('return sum')
  local menu = user.act('Devstral: show the proposed diff')
  local diff = user.wait('the diff', function()
    local found = vim.iter(vim.api.nvim_list_bufs()):find(function(one)
      return vim.api.nvim_buf_get_name(one):match('%.diff$') and #vim.fn.win_findbuf(one) > 0
    end)
    return found and vim.api.nvim_buf_is_loaded(found) and user.text(found)
  end)
  local untouched = user.text(buffer) == before
  vim.api.nvim_set_current_win(vim.fn.win_findbuf(buffer)[1] or 0)
  vim.cmd.buffer(buffer)
  user.go_to('return sum')
  user.act('Devstral: apply')
  user.wait('the edit', function() return user.text(buffer) ~= before end)
  user.settled()
  local after = user.text(buffer)
  vim.cmd.undo()
  return {
    menu = menu,
    diff = diff,
    untouched = untouched,
    after = after,
    undone = user.text(buffer) == before,
  }
end)
