--- What the server sends that Neovim would take otherwise.
local M = {}

--- The server marks pending changes with diagnostics for editors that draw nothing. Here they tell that something changed.
function M.diagnostics(problem, params, context, ...)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if client then require('devstral_ls.pending').refresh(client) end
  if require('devstral_ls.config').now.review.inline then return end
  return vim.lsp.handlers['textDocument/publishDiagnostics'](problem, params, context, ...)
end

local LEVELS = { 'ERROR', 'WARN', 'INFO', 'INFO', 'INFO' }

function M.message(_, params)
  -- That there is something to review is said with the keys that do it: changes.lua.
  if vim.startswith(params.message, 'Devstral proposes ') then return end
  require('devstral_ls.messages').say(params.message, LEVELS[params.type])
end

---@return boolean whether the user is neither typing nor in the middle of a command
local function at_rest() return vim.tbl_contains({ 'n', 'nt' }, vim.api.nvim_get_mode().mode) end

--- A menu would take what is typed for answers, so the question waits until nothing is.
function M.question(problem, params, context, ...)
  local this = coroutine.running()
  local status = require('devstral_ls.status')
  while not at_rest() do
    status.asking(true)
    vim.api.nvim_create_autocmd('ModeChanged', {
      once = true,
      callback = vim.schedule_wrap(function() coroutine.resume(this) end),
    })
    coroutine.yield()
  end
  status.asking(false)
  return vim.lsp.handlers['window/showMessageRequest'](problem, params, context, ...)
end

---@param edit lsp.WorkspaceEdit
---@return integer[] buffers that are loaded
local function buffers_of(edit)
  local uris = vim.tbl_keys(edit.changes or {})
  for _, change in ipairs(edit.documentChanges or {}) do
    if change.textDocument then uris[#uris + 1] = change.textDocument.uri end
  end
  return vim.tbl_filter(vim.api.nvim_buf_is_loaded, vim.tbl_map(vim.uri_to_bufnr, uris))
end

--- One apply is one step of undo, apart from what was typed before and after it.
---@param buffers integer[]
local function break_undo(buffers)
  for _, buffer in ipairs(buffers) do
    vim.bo[buffer].undolevels = vim.bo[buffer].undolevels -- setting it ends a step (:help undo-break)
  end
end

---@param buffers integer[]
---@return string? the first that can't be changed, and why
local function locked(buffers)
  for _, buffer in ipairs(buffers) do
    local name = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buffer), ':.')
    if not vim.bo[buffer].modifiable then return name .. " has 'modifiable' off" end
  end
end

function M.edit(problem, params, context, ...)
  -- Found out on the way it would leave files before it changed, and those after it not.
  local reason = locked(buffers_of(params.edit))
  if reason then return { applied = false, failureReason = reason } end
  break_undo(buffers_of(params.edit))
  -- Without its label, which Neovim would print.
  local answer = vim.lsp.handlers['workspace/applyEdit'](problem, { edit = params.edit }, context, ...)
  break_undo(buffers_of(params.edit))
  return answer
end

return M
