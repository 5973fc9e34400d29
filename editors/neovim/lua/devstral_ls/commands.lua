--- `:Devstral`: which subcommand is meant, with which options, and what completes them.
local messages = require('devstral_ls.messages')

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
---@return string? problem with them
local function without_options(given)
  local found = {}
  while true do
    local name, value, rest = given:match('^(%l+)=(%S*)%s*(.*)$')
    local values = M.OPTIONS[name]
    if not values then return given, found end
    if not vim.tbl_contains(values, value) then
      return given, found, ('%s= is one of %s, not `%s`'):format(name, table.concat(values, ', '), value)
    end
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
    return messages.say(('Devstral has no `%s`: <Tab> after :Devstral lists what it has'):format(name), 'ERROR')
  end
  if subcommand.bare and given ~= '' then
    return messages.say((':Devstral %s takes no more words, such as `%s`'):format(name, given), 'ERROR')
  end
  local rest, found, problem = without_options(given)
  if problem then return messages.say(problem, 'ERROR') end
  local function go_on(client) subcommand.run({ call = call, rest = rest, options = found, client = client }) end
  if subcommand.offline then return go_on() end
  require('devstral_ls.starting').when_there(go_on)
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
