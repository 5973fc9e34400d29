--- A proposed change in the text: its old lines marked, its new lines below them as virtual ones.
local sight = require('devstral_ls.sight')
local width = require('devstral_ls.width')

local M = {}

local PLACES = vim.api.nvim_create_namespace('devstral_ls.places')
local SHOWN = vim.api.nvim_create_namespace('devstral_ls.shown')

--- The colours are links that a colour scheme or the user may set otherwise.
local function highlights()
  for name, link in pairs({ DevstralOld = 'DiffDelete', DevstralNew = 'DiffAdd', DevstralHint = 'Comment' }) do
    vim.api.nvim_set_hl(0, name, { default = true, link = link })
  end
end

---@class devstral_ls.Hunk as the server answers it
---@field id string
---@field line integer
---@field oldLines string[]
---@field newLines string[]

--- The row a hunk hangs on: its first old line, else the line above which it is put in, or below which.
---@param buffer integer
---@param hunk devstral_ls.Hunk
---@return integer
local function anchor(buffer, hunk)
  local row = #hunk.oldLines > 0 and hunk.line or math.max(hunk.line - 1, 0)
  return math.min(row, vim.api.nvim_buf_line_count(buffer) - 1)
end

--- Remember where a hunk is while the text around it changes.
---@param buffer integer
---@param hunk devstral_ls.Hunk
---@return integer mark
function M.place(buffer, hunk) return vim.api.nvim_buf_set_extmark(buffer, PLACES, anchor(buffer, hunk), 0, {}) end

---@param buffer integer
---@param mark integer
---@return integer? row counted from 0
function M.row(buffer, mark) return vim.api.nvim_buf_get_extmark_by_id(buffer, PLACES, mark, {})[1] end

---@param buffer integer
---@param hunk devstral_ls.Hunk
---@return table[] its new lines as virtual ones
local function virtual(buffer, hunk)
  local lines = {}
  for _, line in ipairs(width.fitted(buffer, hunk.newLines)) do
    local rest = math.max(vim.o.columns - vim.fn.strdisplaywidth(line), 0)
    lines[#lines + 1] = { { line .. (' '):rep(rest), 'DevstralNew' } }
  end
  return lines
end

---@param buffer integer
---@param hunk devstral_ls.Hunk
---@param hint string
function M.show(buffer, hunk, hint)
  highlights()
  local first, last = anchor(buffer, hunk), vim.api.nvim_buf_line_count(buffer) - 1
  for row = hunk.line, math.min(hunk.line + #hunk.oldLines - 1, last) do
    -- Not as line_hl_group: the colours of the syntax would stay on top.
    local whole = { end_row = row + 1, end_col = 0, hl_group = 'DevstralOld', hl_eol = true, strict = false }
    vim.api.nvim_buf_set_extmark(buffer, SHOWN, row, 0, whole)
  end
  local on_top = #hunk.oldLines == 0 and hunk.line == 0
  vim.api.nvim_buf_set_extmark(buffer, SHOWN, first, 0, {
    virt_text = { { hint, 'DevstralHint' } },
    virt_text_pos = 'eol',
    hl_mode = 'combine',
  })
  if #hunk.newLines == 0 then return end
  local lines = virtual(buffer, hunk)
  local below = math.min(first + math.max(#hunk.oldLines, 1) - 1, last)
  vim.api.nvim_buf_set_extmark(buffer, SHOWN, below, 0, {
    virt_lines = lines,
    virt_lines_above = on_top,
    virt_lines_overflow = vim.fn.has('nvim-0.11') == 1 and 'scroll' or nil,
  })
  if on_top then sight.scroll_up(buffer, #lines) end
end

--- How many virtual lines are shown below a row.
---@param buffer integer
---@param row integer counted from 0
---@return integer
function M.below(buffer, row)
  local count = 0
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, SHOWN, { row, 0 }, { row, -1 }, { details = true })) do
    if not mark[4].virt_lines_above then count = count + #(mark[4].virt_lines or {}) end
  end
  return count
end

---@param buffer integer
---@param what? 'shown' places are kept
function M.clear(buffer, what)
  vim.api.nvim_buf_clear_namespace(buffer, SHOWN, 0, -1)
  if what ~= 'shown' then vim.api.nvim_buf_clear_namespace(buffer, PLACES, 0, -1) end
end

return M
