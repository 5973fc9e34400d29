-- The question offers to show the diff; the question comes again, and then it is answered.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  user.answer = function(question)
    return vim.tbl_contains(question.titles, 'Show diff') and 'Show diff' or 'Apply'
  end
  user.act('Devstral: improve this file')
  user.wait('the edit', function() return user.text(buffer) ~= before end)
  local windows = vim.tbl_map(function(window)
    return vim.fs.basename(vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)))
  end, vim.api.nvim_list_wins())
  return { questions = user.questions, windows = windows, current = vim.fn.expand('%') }
end)
