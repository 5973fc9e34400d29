--- What is pending, as the server tells it: every file of every proposal.
local client_of = require('devstral_ls.client')

local M = {}

---@class devstral_ls.File as the server answers it
---@field uri string
---@field path string
---@field kind 'edit'|'create'|'delete'|'rename'
---@field conflict boolean
---@field from? { uri: string, path: string }
---@field hunks devstral_ls.Hunk[]
---@field proposal string its proposal's id
---@field client integer

---@type table<integer, devstral_ls.File[]> by client
local pending = {}
---@type table<integer, integer> how often each client was asked
local asked = {}
---@type table<integer, fun()[]> by client: to call with the next answer that counts
local waiting = {}

---@return devstral_ls.File[] of every proposal of every server, the oldest first
function M.files()
  local all = {}
  for _, files in pairs(pending) do
    vim.list_extend(all, files)
  end
  return all
end

---@param file devstral_ls.File
---@return integer? the loaded buffer that has the file's text as it is now
function M.buffer_of(file)
  local uri = file.from and file.from.uri or file.uri
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    local is_file = vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].buftype == ''
    if is_file and vim.api.nvim_buf_get_name(buffer) ~= '' and vim.uri_from_bufnr(buffer) == uri then return buffer end
  end
end

---@param kind string
---@return string of what is proposed for a whole file
function M.of_a_whole(kind) return ({ delete = 'to be deleted', rename = 'to be moved' })[kind] or 'to be made' end

--- Whoever shows what is pending shows it anew.
local function show()
  local count = 0
  for _, file in ipairs(M.files()) do
    count = count + math.max(#file.hunks, 1)
  end
  require('devstral_ls.inline').draw()
  require('devstral_ls.status').to_review(count)
  require('devstral_ls.diff').update()
  require('devstral_ls.sight').redraw()
end

--- Ask the server what is pending, and show it.
---@param client vim.lsp.Client
---@param done? fun()
function M.refresh(client, done)
  local mine = (asked[client.id] or 0) + 1
  asked[client.id] = mine
  waiting[client.id] = waiting[client.id] or {}
  table.insert(waiting[client.id], done)
  client_of.execute(client, 'hunks', {}, function(proposals)
    -- A later question of this client has a later answer, which is the one that counts.
    if mine ~= asked[client.id] then return end
    local files = {}
    for _, proposal in ipairs(proposals) do
      for _, file in ipairs(proposal.files) do
        files[#files + 1] = vim.tbl_extend('force', file, { proposal = proposal.proposalId, client = client.id })
      end
    end
    pending[client.id] = #files > 0 and files or nil
    show()
    local callers = waiting[client.id]
    waiting[client.id] = {}
    for _, call in ipairs(callers) do
      call()
    end
  end)
end

--- Ask every server that something is pending of.
function M.refresh_all()
  for id in pairs(pending) do
    local client = vim.lsp.get_client_by_id(id)
    if client then M.refresh(client) end
  end
end

--- A file was opened that something may be pending for.
---@param client vim.lsp.Client
function M.opened(client)
  if pending[client.id] then M.refresh(client) end
end

--- A server is gone, and what it proposed with it.
---@param client_id integer
function M.forget(client_id)
  if not pending[client_id] then return end
  pending[client_id] = nil
  show()
end

return M
