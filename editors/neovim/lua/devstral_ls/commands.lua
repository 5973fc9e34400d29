--- `:Devstral`: which subcommand is meant, with which options, and what completes them.
local client_of = require('devstral_ls.client')

local M = {}

--- What may stand before a prompt, as `name=value`.
M.OPTIONS = {
  apply = { 'review', 'auto', 'propose' },
  scope = { 'selection', 'file', 'workspace' },
}

---@return table<string, devstral_ls.Subcommand>
local function all() return require('devstral_ls.subcommands') end

---@param given string
---@return string rest
---@return table<string, string> options
local function without_options(given)
  local found = {}
  while true do
    local name, value, rest = given:match('^(%l+)=(%S+)%s*(.*)$')
    if not name or not M.OPTIONS[name] or not vim.tbl_contains(M.OPTIONS[name], value) then return given, found end
    found[name], given = value, rest
  end
end

--- Serve one `:Devstral ...`.
---@param call table as nvim_create_user_command hands it over
function M.run(call)
  local name, given = call.args:match('^(%S+)%s*(.*)$')
  if not name then name, given = 'ask', '' end
  local subcommand = all()[name]
  if not subcommand then
    return client_of.say(('Devstral has no `%s`: %s'):format(name, table.concat(M.names(), ', ')), 'ERROR')
  end
  local rest, found = without_options(given)
  local function go_on(client) subcommand.run({ call = call, rest = rest, options = found, client = client }) end
  if subcommand.offline then return go_on() end
  client_of.when_there(go_on)
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(all())
  table.sort(names)
  return names
end

---@param lead string the word under the cursor
---@param line string
---@param column integer
---@return string[]
function M.complete(lead, line, column)
  local given = line:sub(1, column):match('Devstral!?%s+(.*)$') or ''
  local name = given:match('^(%S+)%s')
  local offered = M.names()
  if name then
    local subcommand = all()[name]
    offered = subcommand and subcommand.complete and subcommand.complete() or {}
  end
  return vim.tbl_filter(function(word) return vim.startswith(word, lead) end, offered)
end

return M
