--- Subcommands that start a run, and the one that stops it.
local client_of = require('devstral_ls.client')
local kinds = require('devstral_ls.subcommands.kinds')
local messages = require('devstral_ls.messages')
local place = require('devstral_ls.place')
local session = require('devstral_ls.session')

---@return string[]
local function options()
  local all = {}
  for name, values in vim.spairs(require('devstral_ls.commands').OPTIONS) do
    for _, value in ipairs(values) do
      all[#all + 1] = name .. '=' .. value
    end
  end
  return all
end

--- Start a run.
---@param asked devstral_ls.Asked
---@param name string the server's command
---@param argument table
local function start(asked, name, argument)
  argument.textDocument = place.document()
  if not argument.textDocument then argument.range = nil end
  argument.prompt = argument.prompt or (asked.rest ~= '' and asked.rest or nil)
  argument.apply = asked.call.bang and 'auto' or asked.options.apply
  argument.scope = asked.options.scope
  client_of.execute(asked.client, name, argument, function(answer)
    local prompt = argument.prompt
    if prompt and answer.sessionId then require('devstral_ls.output').prompt(answer.sessionId, prompt) end
  end)
end

---@param name string
---@param about string
---@return devstral_ls.Subcommand
local function on_selection(name, about)
  return {
    about = about,
    serves = { name },
    run = function(asked) start(asked, name, { range = place.selection(asked.call) }) end,
    complete = options,
  }
end

---@param name string
---@param about string
---@param question string
---@return devstral_ls.Subcommand
local function in_own_words(name, about, question)
  local function run(asked)
    local range = place.selection(asked.call) or (name == 'ask' and place.cursor() or nil)
    local buffer = vim.api.nvim_get_current_buf()
    local function go_on(prompt)
      if not prompt or vim.trim(prompt) == '' then return end
      local argument = { prompt = prompt, range = range, sessionId = session.take() }
      -- An input of a plugin may have been in a window of its own.
      vim.api.nvim_buf_call(buffer, function() start(asked, name, argument) end)
    end
    if asked.rest ~= '' then return go_on(asked.rest) end
    vim.ui.input({ prompt = question }, go_on)
  end
  return { about = about, serves = { name }, run = run, complete = options }
end

---@param client vim.lsp.Client
---@return { id: string, title: string }[] the user's own actions
local function actions(client)
  return vim.tbl_get(client, 'config', 'settings', 'devstral', 'actions')
    or vim.tbl_get(client, 'config', 'init_options', 'actions')
    or {}
end

---@return string[]
local function action_ids()
  local client = client_of.find()
  return vim.tbl_map(function(action) return action.id end, client and actions(client) or {})
end

local function run_action(asked)
  local function go_on(id) start(asked, 'runAction', { id = id, range = place.selection(asked.call) }) end
  local id, more = asked.rest:match('^(%S+)%s*(.*)$')
  if id then
    asked.rest = more
    return go_on(id)
  end
  local known = actions(asked.client)
  if #known == 0 then return messages.say('You have no actions: the setting `actions` is for them') end
  local how = { prompt = 'Action', format_item = function(action) return action.title end }
  vim.ui.select(known, how, function(action)
    if action then go_on(action.id) end
  end)
end

local function fix(asked)
  local problems, range = place.problems(asked.call, asked.client.offset_encoding)
  if #problems == 0 and asked.rest == '' then return messages.say('Nothing is reported here') end
  start(asked, 'fix', { range = range, diagnostics = #problems > 0 and problems or nil })
end

local function say_cancelled(answer)
  if #answer.cancelled == 0 then messages.say('Devstral is not at work') end
end

---@type table<string, devstral_ls.Subcommand>
return {
  ask = in_own_words('ask', 'a question or a task in your own words', 'Ask Devstral: '),
  edit = in_own_words('edit', 'a change in your own words', 'Edit with Devstral: '),
  fix = { about = 'fix what any server or linter reports here', serves = { 'fix' }, run = fix, complete = options },
  explain = on_selection('explain', 'explain the selection, or the file'),
  document = on_selection('document', 'write documentation comments'),
  tests = on_selection('test', 'write tests and run them'),
  review = on_selection('review', 'review the selection, or the file, in prose'),
  instruction = on_selection('runInstruction', 'carry out the instruction comments of the selection, or the file'),
  action = { about = 'one of your own actions', serves = { 'runAction' }, run = run_action, complete = action_ids },
  cancel = kinds.plain('cancel', 'cancel what goes on', nil, say_cancelled),
}
