--- Subcommands about the server, its model and what it may run.
local messages = require('devstral_ls.messages')
local kinds = require('devstral_ls.subcommands.kinds')

local function say_status(answer)
  local model = answer.model and ('%s at %s'):format(answer.model, answer.server) or 'no model looked for yet'
  local pending = #answer.proposals > 0 and (', proposals pending: %d'):format(#answer.proposals) or ''
  messages.say(('devstral-ls %s is %s: %s%s'):format(answer.version, answer.state, answer.problem or model, pending))
end

---@type table<string, devstral_ls.Subcommand>
return {
  model = kinds.plain('selectModel', 'choose the model', kinds.as('model'), function(answer)
    if answer.model then messages.say('The model is ' .. answer.model) end
  end),
  models = kinds.plain('models', 'list the models', nil, function(answer)
    local listed = #answer.models > 0 and table.concat(answer.models, ', ') or 'the server lists none'
    messages.say(('The model is %s, of: %s'):format(answer.model or 'not looked for yet', listed))
  end),
  status = kinds.plain('status', 'what the server is, knows and does', nil, say_status),
  approvals = kinds.plain('approvals', 'the shell commands that are always allowed'),
  revoke = kinds.plain('revokeApproval', 'ask again about a command that is always allowed', kinds.as('command')),
  health = kinds.offline('see what is wrong', function() vim.cmd.checkhealth('devstral_ls') end),
}
