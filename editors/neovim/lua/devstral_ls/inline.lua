--- What is pending, in the text of the buffers it is for.
local config = require('devstral_ls.config')
local draw = require('devstral_ls.draw')
local keys = require('devstral_ls.keys')
local pending = require('devstral_ls.pending')

local M = {}

---@class devstral_ls.Placed
---@field hunk devstral_ls.Hunk
---@field file devstral_ls.File
---@field mark integer

---@type table<integer, devstral_ls.Placed[]> by buffer
local placed = {}
---@type table<integer, boolean> buffers whose changes are shown otherwise, in a diff
local hidden = {}

local function hint(file, number, count)
  local accept, reject = keys.shown('accept'), keys.shown('reject')
  local parts = { ('  %d/%d'):format(number, count) }
  if file.kind ~= 'edit' then parts[#parts + 1] = pending.of_a_whole(file.kind) end
  if accept then parts[#parts + 1] = accept .. ' accepts' end
  if reject then parts[#parts + 1] = reject .. ' rejects' end
  return table.concat(parts, '  ')
end

--- A file to be deleted or moved is shown at its first line alone.
---@param file devstral_ls.File
---@param hunk devstral_ls.Hunk
---@return devstral_ls.Hunk
local function visible(file, hunk)
  if file.kind == 'edit' then return hunk end
  return { id = hunk.id, line = 0, oldLines = { hunk.oldLines[1] }, newLines = {} }
end

--- Show what is pending now, and nothing else.
function M.draw()
  local before = placed
  placed = {}
  for buffer in pairs(before) do
    if vim.api.nvim_buf_is_valid(buffer) then draw.clear(buffer) end
  end
  for _, file in ipairs(pending.files()) do
    local buffer = pending.buffer_of(file)
    if buffer and config.now.review.inline then
      placed[buffer] = placed[buffer] or {}
      for _, hunk in ipairs(file.hunks) do
        local mark = draw.place(buffer, visible(file, hunk))
        table.insert(placed[buffer], { hunk = hunk, file = file, mark = mark })
      end
    end
  end
  for buffer, list in pairs(placed) do
    keys.attach(buffer)
    for number, one in ipairs(hidden[buffer] and {} or list) do
      draw.show(buffer, visible(one.file, one.hunk), hint(one.file, number, #list))
    end
  end
  for buffer in pairs(before) do
    if not placed[buffer] then keys.detach(buffer) end
  end
end

--- Hide a buffer's changes, or show them again.
---@param buffer integer
---@param hide boolean
function M.hide(buffer, hide)
  hidden[buffer] = hide or nil
  if vim.api.nvim_buf_is_valid(buffer) then draw.clear(buffer, 'shown') end
  if not hide then M.draw() end
end

---@param buffer integer
---@return boolean whether it has changes to review
function M.has(buffer) return placed[buffer] ~= nil end

---@param buffer integer
---@return { row: integer, last: integer, one: devstral_ls.Placed }[] from top to bottom
function M.rows(buffer)
  local list = {}
  for _, one in ipairs(placed[buffer] or {}) do
    local row = draw.row(buffer, one.mark)
    if row then
      local length = one.file.kind == 'edit' and #one.hunk.oldLines or vim.api.nvim_buf_line_count(buffer)
      list[#list + 1] = { row = row, last = row + math.max(length, 1) - 1, one = one }
    end
  end
  table.sort(list, function(a, b) return a.row < b.row end)
  return list
end

-- Marks move with the text, but what is typed may also be what is proposed, or be where it is; long lines are as long as the
-- windows are wide.
local soon = false
vim.api.nvim_create_autocmd({ 'TextChanged', 'InsertLeave', 'BufReadPost', 'WinResized' }, {
  group = vim.api.nvim_create_augroup('devstral_ls.inline', {}),
  callback = function(event)
    if soon or not (placed[event.buf] or (event.event == 'WinResized' and next(placed))) then return end
    soon = true
    vim.defer_fn(function()
      soon = false
      pending.refresh_all()
    end, 100)
  end,
})

return M
