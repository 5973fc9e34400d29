--- The server comes, leaves, and is waited for.
local client_of = require('devstral_ls.client')
local messages = require('devstral_ls.messages')

local M = {}

---@type fun(client: vim.lsp.Client)[] what waits for a server
local waiting = {}

--- A server is there.
---@param client vim.lsp.Client
function M.arrived(client)
  local calls = waiting
  waiting = {}
  for _, call in ipairs(calls) do
    call(client)
  end
end

--- A server left, or never came. What it was at work at is over.
---@param client_id integer
function M.left(client_id)
  if #waiting > 0 then messages.say('Devstral does not start: see :checkhealth devstral_ls', 'ERROR') end
  waiting = {}
  require('devstral_ls.pending').forget(client_id)
  require('devstral_ls.status').left()
  require('devstral_ls.output').left(client_id)
end

---@return boolean whether the user's configuration says that the server runs in files
local function enabled()
  if vim.lsp.is_enabled then return vim.lsp.is_enabled(client_of.NAME) end
  if vim.lsp.enable then return vim.tbl_get(vim.lsp, '_enabled_configs', client_of.NAME) ~= nil end
  return require('devstral_ls.older').enabled()
end

--- Start the server in every file that it does not run in.
local function start()
  if vim.lsp.enable then return vim.lsp.enable(client_of.NAME) end
  require('devstral_ls.older').attach_all()
end

---@param buffer integer
---@return boolean whether the server is for such a buffer
local function is_served(buffer)
  local wanted = (client_of.config() or {}).filetypes
  return vim.bo[buffer].buftype == '' and (not wanted or vim.tbl_contains(wanted, vim.bo[buffer].filetype))
end

---@return string? why no server can be started, and what to do
local function obstacle()
  if not enabled() then return "Devstral is not enabled: put vim.lsp.enable('devstral_ls') into init.lua" end
  local program = client_of.command()[1]
  if vim.fn.executable(program) == 0 then
    return program .. ' is not found: see :checkhealth devstral_ls'
  end
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and is_served(buffer) then return nil end
  end
  return 'Devstral works on files: open one first'
end

--- A file that was opened this moment is not attached yet; one whose type Neovim does not know never is.
---@param client vim.lsp.Client
local function attach_here(client)
  local buffer = vim.api.nvim_get_current_buf()
  local root, name = client.config.root_dir, vim.api.nvim_buf_get_name(buffer)
  if client.attached_buffers[buffer] or name == '' or not is_served(buffer) then return end
  if root and vim.startswith(vim.fs.normalize(name), vim.fs.normalize(root) .. '/') then
    vim.lsp.buf_attach_client(buffer, client.id)
  end
end

--- Call `go_on` with the client, as soon as there is one, which is started if it ended; or tell the user why there is none.
---@param go_on fun(client: vim.lsp.Client)
function M.when_there(go_on)
  local client = client_of.find()
  if client then
    attach_here(client)
    return go_on(client)
  end
  local problem = obstacle()
  if problem then return messages.say(problem, 'WARN') end
  table.insert(waiting, go_on)
  start()
end

return M
