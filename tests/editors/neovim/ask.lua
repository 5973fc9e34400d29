-- The Ask mapping: questions about the selected lines; each answer opens beside the file without taking the focus.
local user = require('user')

local function wait_for_answer(text)
  return user.wait('the answer to open', function()
    return vim.iter(vim.api.nvim_list_wins()):find(function(window)
      local first = vim.fn.line('w0', window)
      local shown = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), first - 1, first + 9, false)
      return table.concat(shown, '\n'):find(text, 1, true)
    end)
  end)
end

user.case(function()
  user.open('shop/prices.py')
  user.go_to('def total')
  user.type('Vj\\dawhat is this 🦉 for?<CR>')
  local first = vim.api.nvim_win_get_buf(wait_for_answer('It adds prices up'))
  local seen = { answer = user.text(first), current = vim.fn.expand('%'), mode = vim.fn.mode() }
  user.type('\\daand in cents?<CR>')
  wait_for_answer('In cents too')
  seen.servers = #vim.lsp.get_clients({ name = 'devstral_ls' })
  seen.windows = #vim.api.nvim_list_wins()
  return seen
end)
