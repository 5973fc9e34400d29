--- Neovim 0.10, which has no vim.lsp.enable.
local M = {}

---@param overrides? table
function M.enable(overrides)
  local file = assert(vim.api.nvim_get_runtime_file('lsp/devstral_ls.lua', false)[1], 'the plugin is not on runtimepath')
  local config = vim.tbl_deep_extend('force', { name = 'devstral_ls' }, dofile(file), overrides or {})
  local function attach(buffer)
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
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].filetype ~= '' then attach(buffer) end
  end
end

return M
