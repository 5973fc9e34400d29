--- The subcommands of `:Devstral`, and the server's commands that they stand for.

---@type table<string, devstral_ls.Subcommand>
return vim.tbl_extend(
  'error',
  require('devstral_ls.subcommands.runs'),
  require('devstral_ls.subcommands.review'),
  require('devstral_ls.subcommands.conversations'),
  require('devstral_ls.subcommands.server')
)
