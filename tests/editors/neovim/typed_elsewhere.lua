-- The user goes on typing, elsewhere in the file, while the question is open: both changes stay.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.answer = function()
    vim.api.nvim_buf_set_lines(buffer, 0, 0, true, { '# typed while the question was open' })
    return 'Apply'
  end
  user.act('Devstral: improve this file')
  user.wait('the edit', function() return user.text(buffer):find('round') end)
  user.settled()
  return { after = user.text(buffer) }
end)
