--- `devstral/sessionUpdate`: what a run reports, shown as it happens.
local config = require('devstral_ls.config')
local output = require('devstral_ls.output')
local status = require('devstral_ls.status')

local M = {}

---@class devstral_ls.Update
---@field sessionId string
---@field seq integer
---@field kind string

---@type table<string, fun(update: table, client_id: integer)>
local takes = {}

function takes.state(update, client_id)
  local id = update.sessionId
  if update.turn == 0 and update.state == 'running' then
    output.heading(id, client_id, update.message)
    if config.now.output.open then output.open(id) end
  elseif update.state == 'queued' then
    output.note(id, update.message)
  elseif update.state ~= 'running' then
    output.note(id, update.message)
    output.ended(id)
  end
  if update.state == 'queued' or (update.state == 'running' and update.turn > 0) then status.doing(update.message) end
end

function takes.text(update)
  output.write(update.sessionId, 'text', update.text)
  status.doing(update.text)
end

function takes.reasoning(update)
  if config.now.output.reasoning then output.write(update.sessionId, 'reasoning', update.text) end
  status.doing(update.text)
end

function takes.toolCall(update) status.doing(update.title) end

function takes.toolResult(update)
  output.item(update.sessionId, ('%s %s: %s'):format(update.ok and '✓' or '✗', update.title, update.summary))
end

function takes.approval(update) output.item(update.sessionId, '? may I run `' .. update.command .. '`') end

function takes.notice(update) output.note(update.sessionId, update.text) end

---@type table<string, boolean> proposals whose run has ended
local known = {}

--- It comes as the run ends, and again when its mode has had its way: applied, asked about, or neither.
function takes.proposal(update, client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  if not client then return end
  local left = known[update.proposalId] and update.state == 'pending'
  known[update.proposalId] = true
  require('devstral_ls.pending').refresh(client, function()
    if left then require('devstral_ls.changes').announce(update) end
  end)
end

---@param update devstral_ls.Update
---@param client_id integer
function M.update(update, client_id)
  local take = takes[update.kind]
  if take then take(update, client_id) end
end

return M
