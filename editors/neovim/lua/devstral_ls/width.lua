--- Lines that are not in a buffer, made to fit the windows that show it.
local M = {}

---@param buffer integer
---@return integer? cells of the narrowest window that wraps its lines
local function narrowest(buffer)
  local cells
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    local info = vim.fn.getwininfo(window)[1]
    if vim.wo[window].wrap then cells = math.min(cells or math.huge, info.width - info.textoff) end
  end
  return cells and math.max(cells, 10)
end

--- Virtual lines have no tab stops.
---@param line string
---@param stop integer
---@return string
local function without_tabs(line, stop)
  local parts, column = {}, 0
  for text, tab in line:gmatch('([^\t]*)(\t?)') do
    column = column + vim.fn.strdisplaywidth(text)
    local gap = tab ~= '' and stop - column % stop or 0
    column = column + gap
    parts[#parts + 1] = text .. (' '):rep(gap)
  end
  return table.concat(parts)
end

--- The lines as they are seen: tabs are spaces, and what the windows would wrap is in several lines.
---@param buffer integer
---@param lines string[]
---@return string[]
function M.fitted(buffer, lines)
  local cells = narrowest(buffer)
  local fitted = {}
  for _, line in ipairs(lines) do
    line = without_tabs(line, vim.bo[buffer].tabstop)
    while cells and vim.fn.strdisplaywidth(line) > cells do
      local first = vim.fn.strcharpart(line, 0, cells)
      while vim.fn.strdisplaywidth(first) > cells do -- characters of two cells
        first = vim.fn.strcharpart(first, 0, vim.fn.strchars(first) - 1)
      end
      fitted[#fitted + 1] = first
      line = line:sub(#first + 1)
    end
    fitted[#fitted + 1] = line
  end
  return fitted
end

return M
