--- The plugin's settings. The server's own go into vim.lsp.config (docs/settings.md).
local M = {}

---@class devstral_ls.Settings
---@field output? devstral_ls.Output
---@field review? devstral_ls.Review

---@class devstral_ls.Output
---@field open? boolean whether the answer's window opens as a run starts
---@field style? 'split'|'float'
---@field size? number lines of the split, which takes 2/5 of the screen at most, or the float's share of the screen in each direction
---@field reasoning? boolean whether what the model thinks is shown

---@class devstral_ls.Review
---@field inline? boolean whether proposed changes are shown in the text
---@field keys? table<devstral_ls.Key, string|false> in a buffer with changes to review, and nowhere else

---@alias devstral_ls.Key 'next'|'previous'|'accept'|'reject'|'accept_file'|'reject_file'

---@type devstral_ls.Settings
local defaults = {
  output = { open = true, style = 'split', size = 12, reasoning = true },
  review = {
    inline = true,
    keys = {
      next = ']h',
      previous = '[h',
      accept = '<Leader>ha',
      reject = '<Leader>hr',
      accept_file = '<Leader>hA',
      reject_file = '<Leader>hR',
    },
  },
}

M.now = vim.deepcopy(defaults)

---@param settings devstral_ls.Settings
function M.set(settings)
  M.now = vim.tbl_deep_extend('force', vim.deepcopy(defaults), settings)
  local output = M.now.output
  if output.style == 'float' and not (settings.output and settings.output.size) then output.size = 0.4 end
end

return M
