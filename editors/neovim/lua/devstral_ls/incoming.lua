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
  require('devstral_ls.client').say(params.message, LEVELS[params.type])
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

function M.edit(problem, params, context, ...)
  break_undo(buffers_of(params.edit))
  -- Without its label, which Neovim would print.
  local answer = vim.lsp.handlers['workspace/applyEdit'](problem, { edit = params.edit }, context, ...)
  break_undo(buffers_of(params.edit))
  return answer
end

return M
