-- A buffer with changes nobody saved: the model works on them, and a discarded proposal leaves them alone. With the next
-- question the model hears of it.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.go_to('TAX')
  user.type('o# only in the buffer 🦉<Esc>')
  local typed = user.text()
  user.answer = function() return 'Discard' end
  user.act('Devstral: improve this file')
  user.asked()
  user.settled()
  local menu = user.act()
  user.command('devstral.ask', { prompt = 'go on', wait = true })
  return {
    typed = typed,
    untouched = user.text(buffer) == typed,
    modified = vim.bo[buffer].modified,
    menu = menu,
  }
end)
