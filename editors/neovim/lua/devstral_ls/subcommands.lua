--- The subcommands of `:Devstral`, and the server's commands that they stand for.
local client_of = require('devstral_ls.client')
local place = require('devstral_ls.place')

---@class devstral_ls.Asked one call of :Devstral
---@field call devstral_ls.Call
---@field rest string what follows the subcommand and its options
---@field options table<string, string>
---@field client vim.lsp.Client

---@class devstral_ls.Subcommand
---@field about string
---@field serves string[] the server's commands it stands for
---@field run fun(asked: devstral_ls.Asked)
---@field offline? boolean whether it does without a server
---@field complete? fun(): string[]

--- The conversation that the next question goes on with, when one was picked.
local session ---@type string?

local function review() return require('devstral_ls.review') end

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

---@return string[]
local function paths()
  return vim.tbl_map(function(file) return file.path end, review().files())
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
      local argument = { prompt = prompt, range = range, sessionId = session }
      session = nil
      -- An input of a plugin may have been in a window of its own.
      vim.api.nvim_buf_call(buffer, function() start(asked, name, argument) end)
    end
    if asked.rest ~= '' then return go_on(asked.rest) end
    vim.ui.input({ prompt = question }, go_on)
  end
  return { about = about, serves = { name }, run = run, complete = options }
end

---@param name string
---@param about string
---@param make? fun(asked: devstral_ls.Asked): table? the argument
---@param answered? fun(answer: any, asked: devstral_ls.Asked)
---@return devstral_ls.Subcommand
local function plain(name, about, make, answered)
  return {
    about = about,
    serves = { name },
    run = function(asked)
      client_of.execute(asked.client, name, make and make(asked) or {}, function(answer)
        if answered then answered(answer, asked) end
      end)
    end,
  }
end

---@param how 'accept'|'reject'
---@param name string
---@param about string
---@return devstral_ls.Subcommand
local function whole(how, name, about)
  local function run(asked)
    local chosen = {}
    for _, file in ipairs(review().files()) do
      if asked.rest == '' or file.path == asked.rest then chosen[#chosen + 1] = { file = file } end
    end
    if #chosen > 0 then return review().carry_out(how, chosen) end
    if asked.rest ~= '' then return client_of.say('Devstral proposes nothing for ' .. asked.rest) end
    -- The server knows best why there is nothing.
    client_of.execute(asked.client, name, {}, function() review().refresh(asked.client) end)
  end
  return { about = about, serves = { name }, run = run, complete = paths }
end

---@param how 'accept'|'reject'
---@param name string
---@param about string
---@return devstral_ls.Subcommand
local function here(how, name, about)
  return {
    about = about,
    serves = { name },
    run = function(asked) review().decide(how, { asked.call.line1 - 1, asked.call.line2 - 1 }) end,
  }
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
  if #known == 0 then return client_of.say('You have no actions: the setting `actions` is for them') end
  local how = { prompt = 'Action', format_item = function(action) return action.title end }
  vim.ui.select(known, how, function(action)
    if action then go_on(action.id) end
  end)
end

---@param list table[]
local function pick_session(list, asked)
  if #list == 0 then return client_of.say('There is no conversation yet') end
  local function line(one)
    local title = one.title ~= '' and one.title or one.sessionId
    local waits = #one.proposals > 0 and (', %d pending'):format(#one.proposals) or ''
    return ('%s (%s%s%s)'):format(title, one.state, waits, one.current and ', current' or '')
  end
  vim.ui.select(list, { prompt = 'Go on with', format_item = line }, function(one)
    if not one then return end
    session = one.sessionId
    client_of.execute(asked.client, 'showTranscript', { sessionId = one.sessionId })
  end)
end

local function fix(asked)
  local problems, range = place.problems(asked.call, asked.client.offset_encoding)
  if #problems == 0 and asked.rest == '' then return client_of.say('Nothing is reported here') end
  start(asked, 'fix', { range = range, diagnostics = #problems > 0 and problems or nil })
end

local function say_status(answer)
  local model = answer.model and ('%s at %s'):format(answer.model, answer.server) or 'no model looked for yet'
  local pending = #answer.proposals > 0 and (', proposals pending: %d'):format(#answer.proposals) or ''
  client_of.say(('devstral-ls %s is %s: %s%s'):format(answer.version, answer.state, answer.problem or model, pending))
end

local function say_undone(answer, asked)
  if answer.undone then client_of.say(('Undone in %d file%s'):format(#answer.files, #answer.files == 1 and '' or 's')) end
  review().refresh(asked.client)
end

local function say_cancelled(answer)
  if #answer.cancelled == 0 then client_of.say('Devstral is not at work') end
end

local function as(field)
  return function(asked) return asked.rest ~= '' and { [field] = asked.rest } or {} end
end

---@param about string
---@param run fun(asked: devstral_ls.Asked)
---@param complete? fun(): string[]
---@return devstral_ls.Subcommand
local function offline(about, run, complete)
  return { about = about, serves = {}, run = run, offline = true, complete = complete }
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
  cancel = plain('cancel', 'cancel what goes on', nil, say_cancelled),

  accept = here('accept', 'applyProposal', 'accept the change at the cursor, or those in the range'),
  reject = here('reject', 'discardProposal', 'reject the change at the cursor, or those in the range'),
  apply = whole('accept', 'applyProposal', 'accept all that is pending, or a file of it'),
  discard = whole('reject', 'discardProposal', 'reject all that is pending, or a file of it'),
  next = offline('go to the next change', function() review().go(1) end),
  previous = offline('go to the change before', function() review().go(-1) end),
  diff = offline('a file that is pending, beside its text now', function(asked)
    require('devstral_ls.diff').show(asked.rest ~= '' and asked.rest or nil)
  end, paths),
  changes = {
    about = 'list what is pending, of every file',
    serves = { 'hunks' },
    run = function(asked)
      review().refresh(asked.client, function() review().list() end)
    end,
  },
  patch = plain('showDiff', 'the newest proposal as a unified diff'),
  undo = plain('undo', 'take back what was applied last', nil, say_undone),

  output = offline('show or hide what Devstral says', function()
    if not require('devstral_ls.output').toggle() then client_of.say('Devstral has said nothing yet') end
  end),
  transcript = plain('showTranscript', 'open the record of the conversation'),
  sessions = plain('sessions', 'pick a conversation to go on with', nil, pick_session),
  new = plain('newSession', 'start a new conversation', nil, function()
    session = nil
    client_of.say('The next question starts a new conversation')
  end),
  model = plain('selectModel', 'choose the model', as('model'), function(answer)
    if answer.model then client_of.say('The model is ' .. answer.model) end
  end),
  models = plain('models', 'list the models', nil, function(answer)
    local listed = #answer.models > 0 and table.concat(answer.models, ', ') or 'the server lists none'
    client_of.say(('The model is %s, of: %s'):format(answer.model or 'not looked for yet', listed))
  end),
  status = plain('status', 'what the server is, knows and does', nil, say_status),
  approvals = plain('approvals', 'the shell commands that are always allowed'),
  revoke = plain('revokeApproval', 'ask again about a command that is always allowed', as('command')),
  health = offline('see what is wrong', function() vim.cmd.checkhealth('devstral_ls') end),
}
