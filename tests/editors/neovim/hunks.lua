-- One hunk of two is taken from the code actions, the other is rejected; the model hears of both.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.act('Devstral: improve this file') -- the question is closed: nothing is decided
  user.asked()
  user.wait('the question to be closed', function() return user.was_shown('the code actions apply') end)
  user.go_to('return sum')
  local menu = user.act('Devstral: apply this hunk')
  user.wait('the edit', function() return user.text(buffer):find('round') end)
  local after = user.text(buffer)
  user.go_to('TAX')
  user.wait('the hunk to be settled', function() return #user.command('devstral.status').proposals[1].files[1].hunks == 1 end)
  user.act('Devstral: discard the proposal')
  user.settled()
  local untouched = user.text(buffer) == after
  user.command('devstral.ask', { prompt = 'go on', wait = true })
  return { menu = menu, after = after, untouched = untouched }
end)
