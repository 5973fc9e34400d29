-- What `vim.lsp.enable('devstral_ls')` starts. Change any of it with vim.lsp.config('devstral_ls', { ... }).

---@type vim.lsp.Config
return {
  cmd = { 'devstral-ls', 'serve' },
  root_dir = function(buffer, start) start(vim.fs.root(buffer, '.git') or vim.fn.getcwd()) end,
  on_exit = vim.schedule_wrap(function(_, _, client_id) require('devstral_ls.starting').left(client_id) end),
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
    ['window/showMessageRequest'] = function(...) return require('devstral_ls.incoming').question(...) end,
    ['workspace/applyEdit'] = function(...) return require('devstral_ls.incoming').edit(...) end,
  },
}
