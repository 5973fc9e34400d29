-- What a person at a Neovim does and sees, for a headless one: opens files, picks code actions, answers questions.
--
-- A case is a file that calls user.case(function() ... return what was seen end). It runs once Neovim is up, and talks
-- to the test over stdin and stdout: {"outcome": ...} or {"failed": ...} at its end, {"reached": ...} where it waits
-- for the test to look at the rest of the world.

local user = {
  token = nil, -- the newest progress's token
  progress = {}, -- every $/progress value, in order
  menus = {}, -- titles of the code actions, each time they were shown
  questions = {}, -- { message, titles } of every question a server asked
  messages = {}, -- what vim.notify or the messages area showed
  answer = function(_) end, -- (question) -> the title to pick; nil closes it without an answer
}

local PATIENCE = 15000 -- milliseconds; a case that waits longer has failed
local channel
local may_go_on = 0

local function say(message)
  vim.fn.chansend(channel, vim.json.encode(message) .. '\n')
end

function user.case(steps)
  channel = vim.fn.stdioopen({
    on_stdin = function(_, data)
      if data[1] ~= '' then may_go_on = may_go_on + 1 end
    end,
  })
  vim.schedule(function()
    local fine, result = xpcall(steps, debug.traceback)
    say(fine and { outcome = result or vim.empty_dict() } or { failed = result .. '\n' .. user.seen() })
    vim.cmd('qall!')
  end)
end

function user.seen()
  return vim.inspect({
    menus = user.menus,
    questions = user.questions,
    progress = user.progress,
    messages = user.messages,
    shown = vim.api.nvim_exec2('messages', { output = true }).output,
  })
end

-- Wait until `holds()`, and return what it returned; `what` says in a failure what never came.
function user.wait(what, holds)
  local value
  local came = vim.wait(PATIENCE, function()
    value = holds()
    return value
  end, 5)
  if not came then error('waited in vain for ' .. what, 2) end
  return value
end

-- Let the test look at the rest of the world, and go on when it has.
function user.reach(place)
  local before = may_go_on
  say({ reached = place })
  user.wait('the test to let me go on from ' .. place, function() return may_go_on > before end)
end

-- ------------------------------------------------------------------------------------------------ what is seen

vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    local data = event.data
    local progress = data.params or data.result
    user.token = progress.token
    table.insert(user.progress, progress.value)
  end,
})

function user.kinds_of_progress()
  return vim.tbl_map(function(value) return value.kind end, user.progress)
end

-- Wait until a progress ended for the `count`th time; its last value.
function user.ended(count)
  return user.wait('the progress to end', function()
    local ends = vim.tbl_filter(function(value) return value.kind == 'end' end, user.progress)
    return ends[count or 1]
  end)
end

local notify = vim.notify
vim.notify = function(text, ...)
  table.insert(user.messages, text)
  return notify(text, ...)
end

-- Whether `text` was shown to the user, as a notification or in the messages area.
function user.was_shown(text)
  local all = table.concat(user.messages, '\n') .. vim.api.nvim_exec2('messages', { output = true }).output
  return all:find(text, 1, true) ~= nil
end

-- What vim.ui.input of user.pick_later was asked, and what is typed into it.
user.inputs = {}
user.typed = nil

local wanted_action

vim.ui.select = function(items, opts, choose)
  local titles = vim.tbl_map(opts.format_item or tostring, items)
  if opts.kind ~= 'codeaction' then
    local question = { message = opts.prompt, titles = titles }
    table.insert(user.questions, question)
    local picked = user.answer(question)
    for index, title in ipairs(titles) do
      if title == picked then return choose(items[index], index) end
    end
    assert(picked == nil, vim.inspect({ picked = picked, of = titles }))
    return choose(nil)
  end
  -- Neovim 0.10 and newer put the server's name behind the title when it is one of several; `picked` is a beginning.
  table.insert(user.menus, titles)
  local picked = wanted_action
  wanted_action = nil
  for index, title in ipairs(titles) do
    if picked and vim.startswith(title, picked) then return choose(items[index], index) end
  end
  choose(nil)
end

-- From now on menus and inputs are a plugin's: in a window of their own, answered some time after the call returned.
function user.pick_later()
  vim.ui.input = function(opts, take)
    table.insert(user.inputs, opts.prompt)
    take(user.typed)
  end
  for _, name in ipairs({ 'select', 'input' }) do
    local at_once = vim.ui[name]
    vim.ui[name] = function(...)
      local given = { n = select('#', ...), ... }
      local buffer = vim.api.nvim_create_buf(false, true)
      local place = { relative = 'editor', row = 1, col = 1, width = 20, height = 3 }
      local window = vim.api.nvim_open_win(buffer, true, place)
      vim.defer_fn(function()
        vim.api.nvim_win_close(window, true)
        at_once(unpack(given, 1, given.n))
      end, 10)
    end
  end
end

-- ------------------------------------------------------------------------------------------------- what is done

-- The server's client in the current buffer; anywhere: in any.
function user.client(anywhere)
  return user.wait('the language server', function()
    local client = vim.lsp.get_clients({ bufnr = not anywhere and 0 or nil, name = 'devstral_ls' })[1]
    return client and client.initialized and client
  end)
end

-- Open a file of the project; its buffer.
function user.open(name)
  vim.cmd.edit(name)
  user.client()
  return vim.api.nvim_get_current_buf()
end

function user.text(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, true), '\n')
end

-- Put the cursor onto the first line that contains `text`.
function user.go_to(text)
  for number, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, true)) do
    if line:find(text, 1, true) then return vim.api.nvim_win_set_cursor(0, { number, 0 }) end
  end
  error('no line with ' .. text)
end

-- Type keys, as if by hand, mappings included.
function user.type(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'xt', false)
end

-- Open the code actions with the editor's own function and pick the one that begins with `title` (none: just look);
-- the titles that were shown.
function user.act(title, opts)
  local before = #user.menus
  wanted_action = title
  vim.lsp.buf.code_action(opts)
  user.wait('the code actions', function() return #user.menus > before end)
  local titles = user.menus[#user.menus]
  if title then
    local there = vim.iter(titles):any(function(one) return vim.startswith(one, title) end)
    assert(there, 'no action ' .. title .. ' among ' .. vim.inspect(titles))
  end
  return titles
end

function user.asked(count)
  return user.wait('the question', function() return user.questions[count or 1] end)
end

-- Run a command of the server and return its answer.
function user.command(name, argument)
  local client = user.client(true)
  local params = { command = name, arguments = { argument or vim.empty_dict() } }
  local method = 'workspace/executeCommand'
  local answer
  local function take(problem, result) answer = { problem = problem, result = result } end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request(method, params, take)
  else
    client.request(method, params, take)
  end
  user.wait('the answer to ' .. name, function() return answer end)
  assert(not answer.problem, vim.inspect(answer.problem))
  return answer.result
end

function user.pending()
  return #user.command('devstral.status').proposals
end

-- Wait until no proposal is pending: what became of an edit is known a moment after the text has changed.
function user.settled()
  user.wait('the proposal to be settled', function() return user.pending() == 0 end)
end

-- What the user does in the moment between the server's edit and its being applied.
function user.just_before_the_edit(act)
  local apply = vim.lsp.handlers['workspace/applyEdit']
  vim.lsp.handlers['workspace/applyEdit'] = function(...)
    vim.lsp.handlers['workspace/applyEdit'] = apply
    act()
    return apply(...)
  end
end

return user
