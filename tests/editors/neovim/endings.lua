-- A file with CRLF line ends and characters of every width: what is on disk after :w is right to the byte.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/notes.py')
  user.go_to('second')
  user.type('A 🦉 typed<Esc>')
  user.answer = function() return 'Apply' end
  user.act('Devstral: improve this file')
  user.wait('the edit', function() return user.text(buffer):find('ünïcode') end)
  user.settled()
  vim.cmd.write()
  return { format = vim.bo[buffer].fileformat, encoding = user.client().offset_encoding }
end)
