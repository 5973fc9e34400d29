-- Neovim >= 0.11. \da asks, about the selected lines in visual mode; \df fixes what any server or linter reports on the
-- cursor's line or the selected ones; \dc cancels. (\ is Neovim's <Leader> unless you set another one.)

local function run(command, arguments)
  local client = vim.lsp.get_clients({ bufnr = 0, name = 'devstral_ls' })[1]
  if not client then return vim.notify('Devstral does not run in this buffer', vim.log.levels.WARN) end
  arguments.textDocument = vim.lsp.util.make_text_document_params()
  client:exec_cmd({ title = 'Devstral', command = 'devstral.' .. command, arguments = { arguments } })
end

local function selected_lines() -- the first and the last, counted from 0, and whether there is a selection
  local selecting = vim.fn.mode() ~= 'n'
  local first, last = vim.fn.line('v') - 1, vim.fn.line('.') - 1
  if selecting then vim.cmd.normal({ '\27', bang = true }) end
  return math.min(first, last), math.max(first, last), selecting
end

vim.keymap.set({ 'n', 'x' }, '<Leader>da', function()
  local first, last, selecting = selected_lines()
  local stop = selecting and last + 1 or first
  local range = { start = { line = first, character = 0 }, ['end'] = { line = stop, character = 0 } }
  vim.ui.input({ prompt = 'Ask Devstral: ' }, function(prompt)
    if prompt and prompt ~= '' then run('ask', { prompt = prompt, range = range }) end
  end)
end, { desc = 'Devstral: ask' })

vim.keymap.set({ 'n', 'x' }, '<Leader>df', function()
  local first, last = selected_lines()
  local found = vim.tbl_filter(function(one) return one.lnum >= first and one.lnum <= last end, vim.diagnostic.get(0))
  if #found == 0 then return vim.notify('Nothing is reported here') end
  local range = { start = { line = first, character = 0 }, ['end'] = { line = last + 1, character = 0 } }
  run('fix', { range = range, diagnostics = vim.lsp.diagnostic.from(found) })
end, { desc = 'Devstral: fix the diagnostics here' })

vim.keymap.set('n', '<Leader>dc', function() run('cancel', {}) end, { desc = 'Devstral: cancel' })
