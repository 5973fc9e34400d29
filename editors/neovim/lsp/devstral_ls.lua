-- What `vim.lsp.enable('devstral_ls')` starts. Change any of it with vim.lsp.config('devstral_ls', { ... }).

---@type vim.lsp.Config
return {
  cmd = { 'devstral-ls', 'serve' },
  root_dir = function(buffer, start) start(vim.fs.root(buffer, '.git') or vim.fn.getcwd()) end,
  before_init = function() require('devstral_ls.client').begins() end,
  on_exit = function() require('devstral_ls.client').left() end,
  init_options = {
    client = { stream = true },
    -- The plugin shows changes in the text, and answers in a window of its own.
    edits = { mode = 'propose' },
    transcript = { open = false },
  },
  handlers = {
    ['devstral/sessionUpdate'] = function(_, update, context)
      require('devstral_ls.stream').update(update, context.client_id)
    end,
    ['devstral/status'] = function(_, status) require('devstral_ls.status').told(status) end,
    ['textDocument/publishDiagnostics'] = function(...) return require('devstral_ls.incoming').diagnostics(...) end,
    ['window/showMessage'] = function(...) return require('devstral_ls.incoming').message(...) end,
    ['workspace/applyEdit'] = function(...) return require('devstral_ls.incoming').edit(...) end,
  },
}
