-- The user changes the edited line in the very moment between the server's edit and its arrival: the user's text stays.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.just_before_the_edit(function()
    user.go_to('return sum')
    vim.api.nvim_set_current_line('    return math.fsum(prices)')
  end)
  user.answer = function() return 'Apply' end
  user.act('Devstral: improve this file')
  user.wait('the refusal', function() return user.was_shown('changed where Devstral') end)
  return { after = user.text(buffer), pending = user.pending() }
end)
