-- An instruction comment in the buffer is carried out when its action is picked, and is gone with the edit.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.go_to('def total')
  user.type('O# devstral: round the total to cents<Esc>')
  user.answer = function() return 'Apply' end
  local menu = user.act('Devstral: do')
  user.wait('the edit', function() return user.text(buffer):find('round%(') end)
  return { menu = menu, after = user.text(buffer) }
end)
