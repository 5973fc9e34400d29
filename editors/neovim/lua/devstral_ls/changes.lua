--- What is pending, told as the names of files and listed change by change.
local messages = require('devstral_ls.messages')
local pending = require('devstral_ls.pending')

local M = {}

--- There is something new to review.
---@param proposal { files: { path: string }[] }
function M.announce(proposal)
  local names = vim.tbl_map(function(file) return file.path end, proposal.files)
  local shown = #names > 2 and ('%s and %d more'):format(names[1], #names - 1) or table.concat(names, ', ')
  messages.say(('Devstral proposes changes to %s: :Devstral changes'):format(shown))
end

--- List what is pending, of every file, in the quickfix window.
function M.list()
  local items = {}
  for _, file in ipairs(pending.files()) do
    local target = { filename = vim.uri_to_fname(file.from and file.from.uri or file.uri) }
    if file.kind == 'create' then target = { bufnr = require('devstral_ls.diff').proposed(file) } end
    for _, hunk in ipairs(file.hunks) do
      local text = ('+%d -%d %s'):format(#hunk.newLines, #hunk.oldLines, vim.trim(hunk.newLines[1] or ''))
      if file.kind ~= 'edit' then text = file.path .. ' is ' .. pending.of_a_whole(file.kind) end
      items[#items + 1] = vim.tbl_extend('error', target, { lnum = hunk.line + 1, text = vim.trim(text), type = 'I' })
    end
    if file.conflict then
      local text = 'the text changed where the edits are; ask for them again'
      items[#items + 1] = vim.tbl_extend('error', target, { lnum = 1, text = text, type = 'W' })
    end
  end
  if #items == 0 then return messages.say('Devstral proposes nothing') end
  vim.fn.setqflist({}, ' ', { title = 'Devstral proposes', items = items })
  vim.cmd('botright copen ' .. math.min(#items + 1, 10))
end

return M
