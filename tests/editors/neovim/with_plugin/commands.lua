-- Every other subcommand, what completes them, and that every command of the server has one.
local user = require('user')
local reviewing = require('reviewing')

local function complete(line) return vim.fn.getcompletion(line, 'cmdline') end

user.case(function()
  user.pick_later()
  local why = { id = 'why', title = 'Why is it so?', prompt = 'Say why.', edits = false }
  require('devstral_ls').enable({ settings = { devstral = { actions = { why } } } })
  local buffer = user.open('shop/prices.py')
  local seen = {}

  local served = {}
  for _, subcommand in pairs(require('devstral_ls.subcommands')) do
    for _, name in ipairs(subcommand.serves) do
      served['devstral.' .. name] = true
    end
  end
  seen.not_served = vim.tbl_filter(
    function(name) return not served[name] end,
    user.client().server_capabilities.executeCommandProvider.commands
  )
  seen.commands = vim.fn.getcompletion('Devstral ', 'cmdline')
  seen.completed = { complete('Devstral ex'), complete('Devstral edit a'), complete('Devstral action ') }
  pcall(vim.cmd, 'Devstral dance') -- an error message is one for who calls
  reviewing.notified('Devstral has no `dance`')
  pcall(vim.cmd, 'Devstral cancel at once')
  reviewing.notified(':Devstral cancel takes no more words, such as `at once`')
  pcall(vim.cmd, 'Devstral edit apply=always do it')
  reviewing.notified('apply= is one of review, auto, propose, not `always`')
  vim.cmd('Devstral cancel')
  reviewing.notified('Devstral is not at work')

  local function run(line)
    vim.cmd(line)
    reviewing.idle()
  end
  run('10,11Devstral explain in a few words')
  run('Devstral review')
  run('Devstral document')
  run('Devstral tests')
  run('Devstral action why and be kind')
  user.answer = function(question) return question.titles[1] end
  vim.cmd('Devstral action')
  seen.action_question = user.wait('the menu', function() return user.questions[1] end)
  reviewing.idle()
  user.go_to('TAX')
  user.type('O# devstral: say hello<Esc>')
  run('Devstral instruction')
  user.wait('the change', function() return #reviewing.shown() > 0 end)
  vim.cmd('Devstral patch')
  user.wait('the patch', function()
    return vim.iter(vim.api.nvim_list_wins()):any(
      function(window) return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)):match('%.diff$') end
    )
  end)
  vim.cmd('Devstral transcript')
  user.wait('the transcript', function()
    return vim.iter(vim.api.nvim_list_wins()):any(
      function(window) return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(window)):match('%.md$') end
    )
  end)
  vim.fn.win_gotoid(vim.fn.bufwinid(buffer))
  user.answer = function(question) return question.titles[#question.titles] end
  vim.cmd('Devstral sessions')
  seen.sessions = #user.wait('the sessions', function() return user.questions[2] end).titles
  user.wait('the picked transcript', function()
    return vim.iter(vim.api.nvim_list_wins()):any(function(window)
      local shown = vim.api.nvim_win_get_buf(window)
      return vim.api.nvim_buf_get_name(shown):find('%.md$') and user.text(shown):find('in a few words', 1, true)
    end)
  end)
  vim.fn.win_gotoid(vim.fn.bufwinid(buffer))
  run('Devstral ask go on')
  user.answer = function(question) return question.titles[1] end
  vim.cmd('Devstral status')
  reviewing.notified('devstral-ls ')
  vim.cmd('Devstral model devstral-small-2')
  reviewing.notified('The model is devstral-small-2')
  vim.cmd('Devstral model')
  seen.models = user.wait('the models', function() return user.questions[3] end)
  vim.cmd('Devstral approvals')
  reviewing.notified('No command is always allowed here')
  vim.cmd('Devstral revoke')
  reviewing.notified('No command is always allowed here.')
  vim.cmd('Devstral discard')
  reviewing.all_decided()
  vim.cmd('Devstral undo')
  reviewing.notified('There is nothing to undo')
  vim.cmd('Devstral health')
  seen.health = vim.bo.filetype
  return seen
end)
