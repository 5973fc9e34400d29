-- The user types elsewhere in the very moment between the server's edit and its arrival: both changes stay.
local user = require('user')

user.case(function()
  local buffer = user.open('shop/prices.py')
  user.just_before_the_edit(function()
    vim.api.nvim_buf_set_lines(buffer, 0, 0, true, { '# typed as the edit came' })
  end)
  user.answer = function() return 'Apply' end
  user.act('Devstral: improve this file')
  user.wait('the edit', function() return user.text(buffer):find('round') end)
  user.settled()
  return { after = user.text(buffer) }
end)
