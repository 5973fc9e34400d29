-- Another tool's diagnostics reach the model through the mapping; Neovim's own code actions never carry them.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  local linter = vim.api.nvim_create_namespace('a linter')
  local function report(lnum, message)
    return { lnum = lnum, col = 4, end_lnum = lnum, end_col = 10, message = message, severity = 2, source = 'linter' }
  end
  vim.diagnostic.set(linter, buffer, { report(10, 'sum of floats loses cents'), report(6, 'of another line') })
  user.go_to('return sum')
  local menu = user.act()
  user.answer = function() return 'Apply' end
  user.type('\\df')
  user.wait('the edit', function() return user.text(buffer):find('round%(') end)
  return { menu = menu, after = user.text(buffer) }
end)
