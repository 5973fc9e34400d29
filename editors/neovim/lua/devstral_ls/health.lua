--- `:checkhealth devstral_ls`
local client_of = require('devstral_ls.client')

local M = {}

local PATIENCE = 5000 -- milliseconds

local function neovim()
  local version = vim.version()
  local text = ('Neovim %d.%d.%d'):format(version.major, version.minor, version.patch)
  if vim.fn.has('nvim-0.11') == 1 then
    vim.health.ok(text)
  elseif vim.fn.has('nvim-0.10') == 1 then
    vim.health.warn(text .. ': everything works, by the older API', "Start it with require('devstral_ls').enable()")
  else
    vim.health.error(text .. ' is too old', 'Devstral needs Neovim 0.10, better 0.11')
  end
end

---@return boolean whether it can be started
local function server()
  local program = client_of.command()[1]
  local path = vim.fn.exepath(program)
  if path == '' then
    vim.health.error(program .. ' is not found', {
      'Install it, in its folder: pipx install . (or: uv tool install .)',
      "Or name it: vim.lsp.config('devstral_ls', { cmd = { '/path/to/devstral-ls', 'serve' } })",
    })
    return false
  end
  local fine, process = pcall(vim.system, { path, '--version' }, { text = true })
  local done = fine and process:wait(PATIENCE)
  if not done or done.code ~= 0 then
    local why = done and vim.trim(done.stderr or '') or tostring(process)
    vim.health.error(path .. ' does not run: ' .. why, 'Run it in a terminal: ' .. path .. ' doctor')
    return false
  end
  vim.health.ok(vim.trim(done.stdout) .. ' (' .. path .. ')')
  return true
end

---@param startable boolean
---@return vim.lsp.Client[]
local function clients(startable)
  local found = vim.lsp.get_clients({ name = client_of.NAME })
  if #found == 0 then
    if not startable then return found end
    vim.health.warn('no client runs', {
      "Put vim.lsp.enable('devstral_ls') into init.lua (0.10: require('devstral_ls').enable())",
      'Open a file, and run this again',
    })
    return found
  end
  local roots = {}
  for _, client in ipairs(found) do
    local root = client.config.root_dir or vim.fn.getcwd()
    vim.health.ok(('client %d in %s, %d buffer(s)'):format(client.id, root, vim.tbl_count(client.attached_buffers)))
    if roots[root] then vim.health.warn('two clients run in ' .. root, 'Start it in one way only') end
    roots[root] = true
    if not vim.tbl_get(client, 'config', 'init_options', 'client', 'stream') then
      vim.health.warn('its stream is off: no output, no review in the text', {
        "Leave init_options.client.stream as the plugin's lsp/devstral_ls.lua has it",
      })
    end
  end
  return found
end

---@param client vim.lsp.Client
local function model(client)
  vim.health.start(('Devstral: the model of client %d'):format(client.id))
  local status, problem = client_of.status(client, PATIENCE)
  if not status then return vim.health.error('the server does not answer: ' .. (problem or 'timeout'), ':LspLog') end
  if status.problem then
    vim.health.error(status.problem, 'In a terminal, `devstral-ls doctor` says what is wrong and what to do')
  elseif not status.model then
    vim.health.info('The model server is looked for when something is asked first; `devstral-ls doctor` looks now')
  else
    vim.health.ok(('%s at %s'):format(status.model, status.server))
    vim.health.info(('context window %s, tools %s'):format(tostring(status.contextWindow), tostring(status.toolsMode)))
  end
  vim.health.info(('%s, edits.mode is %s, %d proposal(s) pending'):format(
    status.state, status.editsMode, #status.proposals
  ))
end

function M.check()
  vim.health.start('Devstral')
  neovim()
  for _, client in ipairs(clients(server())) do
    model(client)
  end
end

return M
