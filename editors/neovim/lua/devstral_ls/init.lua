--- devstral-ls in Neovim. The command is `:Devstral`; `:help devstral-ls` is about all of it.
local M = {}

--- Change the plugin's settings. Need not be called.
---@param settings? devstral_ls.Settings
function M.setup(settings) require('devstral_ls.config').set(settings or {}) end

--- Start the language server in every file. In Neovim 0.11 and newer this is vim.lsp.enable('devstral_ls').
---@param overrides? vim.lsp.Config laid over the lsp/devstral_ls.lua of the plugin
function M.enable(overrides)
  if vim.lsp.enable then
    if overrides then vim.lsp.config('devstral_ls', overrides) end
    return vim.lsp.enable('devstral_ls')
  end
  require('devstral_ls.older').enable(overrides)
end

--- What Devstral does, for a status line: empty when there is nothing to say.
---@return string
function M.statusline() return require('devstral_ls.status').text() end

return M
