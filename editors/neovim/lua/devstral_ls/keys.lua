--- Mappings that a buffer has only while there is something to review in it.
local config = require('devstral_ls.config')

local M = {}

---@type table<devstral_ls.Key, { modes: string[], does: fun(), desc: string }>
local does = {
  next = { modes = { 'n' }, does = function() M.review().go(vim.v.count1) end, desc = 'next change' },
  previous = { modes = { 'n' }, does = function() M.review().go(-vim.v.count1) end, desc = 'previous change' },
  accept = { modes = { 'n', 'x' }, does = function() M.review().decide('accept', M.lines()) end, desc = 'accept this change' },
  reject = { modes = { 'n', 'x' }, does = function() M.review().decide('reject', M.lines()) end, desc = 'reject this change' },
  accept_file = { modes = { 'n' }, does = function() M.review().decide('accept') end, desc = 'accept all changes here' },
  reject_file = { modes = { 'n' }, does = function() M.review().decide('reject') end, desc = 'reject all changes here' },
}

function M.review() return require('devstral_ls.review') end

--- The first and the last of the selected lines, else the cursor's, counted from 0; a selection ends.
---@return { [1]: integer, [2]: integer }
function M.lines()
  local one, other = vim.fn.line('v') - 1, vim.fn.line('.') - 1
  if vim.fn.mode() ~= 'n' then vim.cmd.normal({ '\27', bang = true }) end
  return { math.min(one, other), math.max(one, other) }
end

--- A key as a person sees it: with what <Leader> is.
---@param name devstral_ls.Key
---@return string|false
function M.shown(name)
  local key = config.now.review.keys[name]
  local leader = vim.g.mapleader or '\\'
  return key and (key:gsub('<[Ll]eader>', leader == ' ' and '<Space>' or (leader:gsub('%%', '%%%%'))))
end

---@type table<integer, { mode: string, left: string, before: table }[]>
local attached = {}

---@param buffer integer
function M.attach(buffer)
  if attached[buffer] then return end
  attached[buffer] = {}
  for name, key in pairs(does) do
    local left = config.now.review.keys[name]
    for _, mode in ipairs(left and key.modes or {}) do
      local before = vim.api.nvim_buf_call(buffer, function() return vim.fn.maparg(left, mode, false, true) end)
      table.insert(attached[buffer], { mode = mode, left = left, before = before.buffer == 1 and before or nil })
      vim.keymap.set(mode, left, key.does, { buffer = buffer, desc = 'Devstral: ' .. key.desc })
    end
  end
end

--- Take the mappings away, and bring back what the buffer had in their place.
---@param buffer integer
function M.detach(buffer)
  local mappings = attached[buffer] or {}
  attached[buffer] = nil
  if not vim.api.nvim_buf_is_valid(buffer) then return end
  for _, mapping in ipairs(mappings) do
    vim.keymap.del(mapping.mode, mapping.left, { buffer = buffer })
    if mapping.before then
      vim.api.nvim_buf_call(buffer, function() vim.fn.mapset(mapping.mode, false, mapping.before) end)
    end
  end
end

return M
