--- The language server's client, whichever Neovim it runs in.
local M = {}

M.NAME = 'devstral_ls'

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

--- Whether a server was started that is not there yet.
local starting = false
---@type fun(client: vim.lsp.Client)[] what waits for it
local waiting = {}

--- A server begins to start.
function M.begins() starting = true end

--- A server is there.
---@param client vim.lsp.Client
function M.arrived(client)
  starting = false
  local calls = waiting
  waiting = {}
  for _, call in ipairs(calls) do
    call(client)
  end
end

--- A server left, or never came.
function M.left()
  starting, waiting = false, {}
end

--- Call `go_on` with the client, as soon as there is one; or tell the user why there is none.
---@param go_on fun(client: vim.lsp.Client)
function M.when_there(go_on)
  local client = M.find()
  if client then return go_on(client) end
  if starting then return table.insert(waiting, go_on) end
  M.say('Devstral does not run: open a file, and see :checkhealth devstral_ls', 'WARN')
end

---@param text string
---@param level? 'INFO'|'WARN'|'ERROR'
function M.say(text, level) vim.notify(text, vim.log.levels[level or 'INFO'], { title = 'Devstral' }) end

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
    if problem then return M.say(problem.message, 'ERROR') end
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
