-- The Ask mapping: a question about the selected lines; an answer in prose opens without taking the focus.
local user = require('user')

user.case(function()
  user.open('shop/prices.py')
  user.go_to('def total')
  user.type('Vj\\dawhat is this 🦉 for?<CR>')
  user.ended()
  local shown = user.wait('the transcript', function()
    return vim.iter(vim.api.nvim_list_wins()):map(vim.api.nvim_win_get_buf):find(function(buffer)
      return vim.api.nvim_buf_get_name(buffer):match('%.md$') and user.text(buffer):find('It adds prices up')
    end)
  end)
  return { transcript = user.text(shown), current = vim.fn.expand('%'), mode = vim.fn.mode(), asked = user.questions }
end)
