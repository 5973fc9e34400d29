-- Cancelling ends the progress and stops the model, whichever way it is asked for.
local user = require('user')

local function status_line()
  return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str
end

local function start()
  local reports = #user.progress
  user.act('Devstral: improve this file')
  user.wait('the answer to begin', function()
    local value = user.progress[#user.progress]
    return #user.progress > reports and value.message and value.message:find('Thinking')
  end)
end

user.case(function()
  local buffer = user.open('shop/prices.py')
  local before = user.text()

  start()
  local status = status_line()
  user.type('\\dc') -- the mapping; 0.10 has none
  if vim.fn.has('nvim-0.11') == 0 then user.command('devstral.cancel') end
  local by_command = user.ended(1)
  user.reach('cancelled by a command')

  start()
  user.act('Devstral: cancel')
  local by_action = user.ended(2)
  user.reach('cancelled by an action')

  start()
  local client = user.client()
  local token = user.token
  local params = { token = token }
  if vim.fn.has('nvim-0.11') == 1 then
    client:notify('window/workDoneProgress/cancel', params)
  else
    client.notify('window/workDoneProgress/cancel', params)
  end
  local by_progress = user.ended(3)
  user.reach('cancelled by the progress')

  return {
    status = status,
    ends = { by_command.message, by_action.message, by_progress.message },
    questions = user.questions,
    untouched = user.text(buffer) == before,
    state = user.command('devstral.status').state,
  }
end)
