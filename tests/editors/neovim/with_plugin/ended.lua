-- The server is killed in the middle of a run: what went on is over, and the next question starts it again.
local user = require('user')
local reviewing = require('reviewing')

local function output()
  local _, text = reviewing.output()
  return text or ''
end

user.case(function()
  user.open('shop/prices.py')
  vim.cmd('Devstral ask what is this?')
  user.wait('the answer to begin', function() return output():find('Thinking about it', 1, true) end)
  local seen = { busy = reviewing.status_line() }
  for _, child in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
    vim.uv.kill(child, 'sigkill')
  end
  user.wait('the end to be told', function() return output():find('the server ended', 1, true) end)
  seen.first = output()
  seen.quiet = reviewing.status_line()
  vim.cmd('Devstral ask and now?')
  user.wait('the answer', function() return output():find('It is fine.', 1, true) end)
  return seen
end)
