-- Neovim >= 0.12 with edits.inline: each hunk has a line above it; grx on the hunk's line offers what that line says.
local user = require('user')

local function lenses(buffer)
  local lines = {}
  for _, namespace in pairs(vim.api.nvim_get_namespaces()) do
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true })) do
      for _, virtual in ipairs(mark[4].virt_lines or {}) do
        local text = table.concat(vim.tbl_map(function(chunk) return chunk[1] end, virtual))
        if text:find('Accept') or text:find('proposes') then lines[#lines + 1] = (mark[2] + 1) .. ':' .. text end
      end
    end
  end
  table.sort(lines)
  return lines
end

user.case(function()
  vim.lsp.config('devstral_ls', { settings = { devstral = { edits = { inline = true, mode = 'propose' } } } })
  vim.lsp.codelens.enable(true)
  local buffer = user.open('shop/prices.py')
  local before = user.text()
  user.act('Devstral: improve this file')
  user.ended()
  -- Lines are drawn when they are shown, which nobody does here.
  local function drawn(count)
    return user.wait('the lenses', function()
      vim.cmd('redraw!')
      local found = lenses(buffer)
      return #found == count and found
    end)
  end
  local first = drawn(3)
  user.go_to('return sum')
  user.answer = function(question)
    for _, title in ipairs(question.titles) do
      if title:find('Accept') then return title end
    end
  end
  user.type('grx')
  user.wait('the edit', function() return user.text(buffer):find('round') end)
  local accepted = user.text(buffer)
  local second = drawn(1)
  user.go_to('TAX')
  user.answer = function(question)
    for _, title in ipairs(question.titles) do
      if title:find('Reject') then return title end
    end
  end
  user.type('grx')
  user.settled()
  drawn(0)
  local seen = { first = first, second = second, accepted = accepted, questions = user.questions }
  seen.untouched = user.text(buffer) == accepted
  vim.cmd.undo()
  seen.undone = user.text(buffer) == before
  return seen
end)
