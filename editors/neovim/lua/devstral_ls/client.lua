--- The language server's client, whichever Neovim it runs in.
local messages = require('devstral_ls.messages')

local M = {}

M.NAME = 'devstral_ls'

--- What a server is started with, or would be.
---@return vim.lsp.Config?
function M.config()
  local client = M.find()
  return client and client.config or (vim.lsp.config or require('devstral_ls.older').configs)[M.NAME]
end

--- The command that starts the server.
---@return string[]
function M.command()
  local config = M.config()
  local cmd = config and config.cmd
  return type(cmd) == 'table' and cmd or { 'devstral-ls' }
end

---@alias devstral_ls.Answered fun(result: any)

--- The client of a buffer; of a window of ours the one it belongs to, else any.
---@param buffer? integer
---@return vim.lsp.Client?
function M.find(buffer)
  buffer = buffer or vim.api.nvim_get_current_buf()
  local belongs = vim.b[buffer].devstral_client
  return vim.lsp.get_clients({ bufnr = buffer, name = M.NAME })[1]
    or (belongs and vim.lsp.get_client_by_id(belongs))
    or vim.lsp.get_clients({ name = M.NAME })[1]
end

--- An answer with what is null in it left out.
---@param answer any
---@return any
local function without_null(answer)
  if type(answer) ~= 'table' then return answer ~= vim.NIL and answer or nil end
  local fields = {}
  for name, value in pairs(answer) do
    if value ~= vim.NIL then fields[name] = value end
  end
  return fields
end

--- Run a command of the server. What it refuses is shown to the user, and `answered` is not called.
---@param client vim.lsp.Client
---@param command string without `devstral.`
---@param argument? table
---@param answered? devstral_ls.Answered
function M.execute(client, command, argument, answered)
  argument = (argument and next(argument)) and argument or vim.empty_dict()
  local params = { command = 'devstral.' .. command, arguments = { argument } }
  local function take(problem, result)
    if problem then return messages.say(problem.message, 'ERROR') end
    if answered then answered(without_null(result)) end
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, take)
  else
    client.request('workspace/executeCommand', params, take)
  end
end

--- What the server says about itself, waited for. For :checkhealth alone.
---@param client vim.lsp.Client
---@param patience integer milliseconds
---@return table?
---@return string? problem
function M.status(client, patience)
  local params = { command = 'devstral.status', arguments = { vim.empty_dict() } }
  local method = 'workspace/executeCommand'
  local answer, problem
  if vim.fn.has('nvim-0.11') == 1 then
    answer, problem = client:request_sync(method, params, patience)
  else
    answer, problem = client.request_sync(method, params, patience, 0)
  end
  if not answer then return nil, problem end
  return without_null(answer.result), answer.err and answer.err.message
end

return M
