-- :help finds the plugin, its settings and every subcommand.
local user = require('user')

user.case(function()
  local source = vim.api.nvim_get_runtime_file('doc/devstral-ls.txt', false)[1]
  local place = vim.fn.tempname()
  vim.fn.mkdir(place .. '/doc', 'p')
  vim.fn.writefile(vim.fn.readfile(source), place .. '/doc/devstral-ls.txt')
  vim.cmd.helptags(place .. '/doc')
  vim.opt.runtimepath:prepend(place)
  local tags = vim.fn.getcompletion('devstral', 'help')
  for _, name in ipairs({ 'devstral-ls', ':Devstral', 'devstral_ls.setup()', 'devstral_ls.enable()', 'devstral_ls.statusline()' }) do
    vim.cmd.help(name)
  end
  local missing = vim.tbl_filter(
    function(name) return not pcall(vim.cmd.help, ':Devstral-' .. name) end,
    vim.fn.getcompletion('Devstral ', 'cmdline')
  )
  local wide = vim.tbl_filter(function(line) return vim.fn.strdisplaywidth(line) > 79 end, vim.fn.readfile(source))
  return { tags = #tags, missing = missing, wide = wide, kind = vim.bo.buftype }
end)
