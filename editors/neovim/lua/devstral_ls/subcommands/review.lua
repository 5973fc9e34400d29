--- Subcommands about what is pending, and about what was applied.
local client_of = require('devstral_ls.client')
local kinds = require('devstral_ls.subcommands.kinds')
local messages = require('devstral_ls.messages')
local pending = require('devstral_ls.pending')
local review = require('devstral_ls.review')

---@return string[]
local function paths()
  return vim.tbl_map(function(file) return file.path end, pending.files())
end

---@param how 'accept'|'reject'
---@param name string
---@param about string
---@return devstral_ls.Subcommand
local function whole(how, name, about)
  local function run(asked)
    local chosen = {}
    for _, file in ipairs(pending.files()) do
      if asked.rest == '' or file.path == asked.rest then chosen[#chosen + 1] = { file = file } end
    end
    if #chosen > 0 then return review.carry_out(how, chosen) end
    if asked.rest ~= '' then return messages.say('Devstral proposes nothing for ' .. asked.rest) end
    -- The server knows best why there is nothing.
    client_of.execute(asked.client, name, {}, function() pending.refresh(asked.client) end)
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
    bare = true,
    run = function(asked) review.decide(how, { asked.call.line1 - 1, asked.call.line2 - 1 }) end,
  }
end

local function say_undone(answer, asked)
  if answer.undone then messages.say(('Undone in %d file%s'):format(#answer.files, #answer.files == 1 and '' or 's')) end
  pending.refresh(asked.client)
end

---@type table<string, devstral_ls.Subcommand>
return {
  accept = here('accept', 'applyProposal', 'accept the change at the cursor, or those in the range'),
  reject = here('reject', 'discardProposal', 'reject the change at the cursor, or those in the range'),
  apply = whole('accept', 'applyProposal', 'accept all that is pending, or a file of it'),
  discard = whole('reject', 'discardProposal', 'reject all that is pending, or a file of it'),
  next = kinds.offline('go to the next change', function() review.go(1) end),
  previous = kinds.offline('go to the change before', function() review.go(-1) end),
  diff = kinds.offline('a file that is pending, beside its text now', function(asked)
    require('devstral_ls.diff').show(asked.rest ~= '' and asked.rest or nil)
  end, paths),
  changes = {
    about = 'list what is pending, of every file',
    serves = { 'hunks' },
    bare = true,
    run = function(asked)
      pending.refresh(asked.client, function() require('devstral_ls.changes').list() end)
    end,
  },
  patch = kinds.plain('showDiff', 'the newest proposal as a unified diff'),
  undo = kinds.plain('undo', 'take back what was applied last', nil, say_undone),
}
