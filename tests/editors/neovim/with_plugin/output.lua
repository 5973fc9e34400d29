-- A question typed into another plugin's input: the answer is followed as it comes, and stopped; the next one goes on.
local user = require('user')
local reviewing = require('reviewing')

user.case(function()
  user.pick_later()
  user.open('shop/prices.py')
  user.go_to('return sum')
  user.typed = 'what is this 🦉 for?'
  vim.cmd('Devstral ask')
  user.wait('the answer to begin', function()
    local _, text = reviewing.output()
    return text and text:find('Thinking about it', 1, true)
  end)
  local seen = { status = reviewing.status_line(), current = vim.fn.expand('%') }
  vim.cmd('Devstral cancel')
  reviewing.idle()
  user.reach('cancelled')
  vim.cmd('2Devstral ask and line two?')
  reviewing.idle()
  local window, text = user.wait('the second answer', function()
    local window, text = reviewing.output()
    return text:find('Second.', 1, true) and { window, text }
  end), nil
  window, text = window[1], window[2]
  seen.text = text
  seen.at_the_end = vim.api.nvim_win_get_cursor(window)[1] == #vim.split(text, '\n')
  seen.filetype = vim.bo[vim.api.nvim_win_get_buf(window)].filetype
  seen.writable = vim.bo[vim.api.nvim_win_get_buf(window)].modifiable
  seen.attached = #vim.lsp.get_clients({ bufnr = vim.api.nvim_win_get_buf(window) })
  seen.inputs = user.inputs
  vim.cmd('Devstral output')
  seen.hidden = reviewing.output() == nil
  require('devstral_ls').setup({ output = { style = 'float' } })
  vim.cmd('Devstral output')
  local float = reviewing.output()
  seen.float = vim.api.nvim_win_get_config(float).relative
  vim.api.nvim_set_current_win(float)
  vim.cmd('Devstral ask from the output') -- about no file
  reviewing.idle()
  user.type('q')
  seen.closed = reviewing.output() == nil
  seen.mode = vim.fn.mode()
  vim.cmd('Devstral new')
  reviewing.notified('The next question starts a new conversation')
  require('devstral_ls').setup({ output = { open = false } })
  vim.cmd('Devstral explain')
  reviewing.idle()
  seen.stays_closed = reviewing.output() == nil
  return seen
end)
