-- Two files are pending: they are listed, looked at side by side, accepted and rejected there.
local user = require('user')
local reviewing = require('reviewing')

local function names_in_tab()
  return vim.tbl_map(function(window)
    local name = vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window))
    return { vim.fn.fnamemodify(name, ':.'), vim.wo[window].diff }
  end, vim.api.nvim_tabpage_list_wins(0))
end

user.case(function()
  user.pick_later()
  require('devstral_ls').setup({ output = { open = false } })
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  vim.cmd('Devstral edit')
  user.wait('the input', function() return #user.inputs == 1 end)
  local typed_nothing = #user.progress
  vim.cmd('Devstral edit scope=workspace add tests')
  reviewing.until_shown(2)
  local seen = { typed_nothing = typed_nothing }

  vim.cmd('Devstral changes')
  seen.list = user.wait('the list', function()
    local list = vim.fn.getqflist()
    return #list > 0 and vim.tbl_map(function(item)
      return vim.fn.fnamemodify(vim.api.nvim_buf_get_name(item.bufnr), ':.') .. ':' .. item.lnum .. ': ' .. item.text
    end, list)
  end)
  vim.cmd.cclose()

  vim.cmd('Devstral diff')
  seen.tab = names_in_tab()
  seen.hidden = reviewing.shown(buffer)
  vim.cmd.wincmd('l')
  seen.proposed = user.text()
  user.go_to('TAX')
  user.type('<Leader>ha')
  user.wait('the edit', function() return user.text(buffer):find('TAX = 0.2') end)
  seen.accepted = user.text(buffer)
  user.wait('one left', function() return #require('devstral_ls.pending').files()[1].hunks == 1 end)
  user.go_to('return round')
  user.type('<Leader>hr')
  user.wait('the tab to close', function() return #vim.api.nvim_list_tabpages() == 1 end)
  seen.diff_is_off = not vim.wo.diff

  -- The new file is all that is left.
  vim.cmd('Devstral diff')
  seen.new_tab = names_in_tab()
  vim.cmd.wincmd('l')
  seen.new_text = user.text()
  user.type('q')
  seen.closed = #vim.api.nvim_list_tabpages() == 1
  vim.cmd('Devstral apply tests/test_prices.py')
  seen.made = user.wait('the new file', function()
    local made = vim.fn.bufnr('tests/test_prices.py')
    return made > 0 and user.text(made) ~= '' and user.text(made)
  end)
  reviewing.all_decided()
  vim.cmd.undo()
  seen.undone = user.text(buffer) == before
  vim.cmd('Devstral diff')
  reviewing.notified('Devstral proposes nothing')
  return seen
end)
