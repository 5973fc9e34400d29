--- Neovim 0.10, which has no vim.lsp.enable.
local M = {}

---@type table<string, table> what runs, as vim.lsp.config has it later
M.configs = {}

---@type fun(buffer: integer)?
local attach

---@return boolean
function M.enabled() return attach ~= nil end

--- Start the server in every file that is open.
function M.attach_all()
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) then attach(buffer) end
  end
end

---@param overrides? table
function M.enable(overrides)
  local file = assert(vim.api.nvim_get_runtime_file('lsp/devstral_ls.lua', false)[1], 'the plugin is not on runtimepath')
  local config = vim.tbl_deep_extend('force', { name = 'devstral_ls' }, dofile(file), overrides or {})
  M.configs.devstral_ls = config
  function attach(buffer)
    if vim.bo[buffer].buftype ~= '' then return end
    if type(config.root_dir) ~= 'function' then return vim.lsp.start(config, { bufnr = buffer }) end
    config.root_dir(buffer, function(root)
      vim.lsp.start(vim.tbl_extend('force', config, { root_dir = root }), { bufnr = buffer })
    end)
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('devstral_ls.older', {}),
    callback = function(event) attach(event.buf) end,
  })
  M.attach_all()
end

return M
