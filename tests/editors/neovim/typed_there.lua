-- The user changes the very line the proposal changes while the question is open: the user's text stays.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.answer = function()
    user.go_to('return sum')
    vim.api.nvim_set_current_line('    return math.fsum(prices)')
    return 'Apply'
  end
  user.act('Devstral: improve this file')
  user.wait('the refusal', function() return user.was_shown('changed where Devstral') end)
  return { after = user.text(buffer), pending = user.pending() }
end)
