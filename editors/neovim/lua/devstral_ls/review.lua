--- Moving through the changes in the text, accepting and rejecting them.
local client_of = require('devstral_ls.client')
local draw = require('devstral_ls.draw')
local inline = require('devstral_ls.inline')
local keys = require('devstral_ls.keys')
local messages = require('devstral_ls.messages')
local sight = require('devstral_ls.sight')
local pending = require('devstral_ls.pending')

local M = {}

--- Go to the `steps`th change after the cursor, or before it, around the ends of the buffer.
---@param steps integer
function M.go(steps)
  local buffer = vim.api.nvim_get_current_buf()
  local list = inline.rows(buffer)
  if #list == 0 then return messages.say('Devstral proposes nothing in this buffer: :Devstral changes lists the rest') end
  local cursor = vim.api.nvim_win_get_cursor(0)[1] - 1
  local after, before = 1, 0 -- the first one below the cursor, the last one above it
  for index, item in ipairs(list) do
    if item.row <= cursor then after = index + 1 end
    if item.row < cursor then before = index end
  end
  local index = steps > 0 and after + steps - 1 or before + steps + 1
  local target = list[(index - 1) % #list + 1]
  vim.cmd("normal! m'")
  vim.api.nvim_win_set_cursor(0, { target.row + 1, 0 })
  vim.cmd('normal! zv')
  if target.row == 0 then sight.scroll_up(buffer, #target.one.hunk.newLines) end
  local last = target.one.file.kind == 'edit' and target.last or target.row
  sight.bring(target.row, last, draw.below(buffer, last))
end

local COMMANDS = { accept = 'applyProposal', reject = 'discardProposal' }

--- Decide about hunks, by id, of the files they are of.
---@param how 'accept'|'reject'
---@param chosen { file: devstral_ls.File, hunk?: devstral_ls.Hunk }[] without a hunk: all of the file
function M.carry_out(how, chosen)
  local together = {} ---@type table<string, table>
  for _, one in ipairs(chosen) do
    local key = one.file.client .. ' ' .. one.file.proposal
    together[key] = together[key] or { client = one.file.client, proposalId = one.file.proposal }
    local field, value = 'uris', one.file.uri
    if one.hunk then
      field, value = 'hunks', one.hunk.id
    end
    together[key][field] = together[key][field] or {}
    table.insert(together[key][field], value)
  end
  for _, argument in pairs(together) do
    local client = vim.lsp.get_client_by_id(argument.client)
    argument.client = nil
    if client then client_of.execute(client, COMMANDS[how], argument, function() pending.refresh(client) end) end
  end
end

--- Accept or reject the changes in these lines of the current buffer, or all of its changes.
---@param how 'accept'|'reject'
---@param lines? { [1]: integer, [2]: integer } counted from 0
function M.decide(how, lines)
  local buffer = vim.api.nvim_get_current_buf()
  local chosen = require('devstral_ls.diff').chosen(buffer, lines)
  if not chosen then
    chosen = {}
    for _, item in ipairs(inline.rows(buffer)) do
      if not lines or (item.row <= lines[2] and item.last >= lines[1]) then chosen[#chosen + 1] = item.one end
    end
  end
  if #chosen == 0 then return messages.say('Devstral proposes nothing here: ' .. M.where_to()) end
  M.carry_out(how, chosen)
end

---@return string
function M.where_to()
  local key = keys.shown('next')
  return (key and inline.has(vim.api.nvim_get_current_buf())) and key .. ' goes to the next change'
    or ':Devstral changes lists what is pending'
end

return M
