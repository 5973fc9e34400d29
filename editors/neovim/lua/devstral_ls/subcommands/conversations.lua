--- Subcommands about conversations.
local client_of = require('devstral_ls.client')
local kinds = require('devstral_ls.subcommands.kinds')
local messages = require('devstral_ls.messages')
local session = require('devstral_ls.session')

---@param list table[]
local function pick_session(list, asked)
  if #list == 0 then return messages.say('There is no conversation yet') end
  local function line(one)
    local title = one.title ~= '' and one.title or one.sessionId
    local waits = #one.proposals > 0 and (', %d pending'):format(#one.proposals) or ''
    return ('%s (%s%s%s)'):format(title, one.state, waits, one.current and ', current' or '')
  end
  vim.ui.select(list, { prompt = 'Go on with', format_item = line }, function(one)
    if not one then return end
    session.pick(one.sessionId)
    client_of.execute(asked.client, 'showTranscript', { sessionId = one.sessionId })
  end)
end

---@type table<string, devstral_ls.Subcommand>
return {
  output = kinds.offline('show or hide what Devstral says', function()
    if not require('devstral_ls.output').toggle() then messages.say('Devstral has said nothing yet') end
  end),
  transcript = kinds.plain('showTranscript', 'open the record of the conversation'),
  sessions = kinds.plain('sessions', 'pick a conversation to go on with', nil, pick_session),
  new = kinds.plain('newSession', 'start a new conversation', nil, function()
    session.pick(nil)
    messages.say('The next question starts a new conversation')
  end),
}
