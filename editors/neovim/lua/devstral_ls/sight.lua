--- Bringing into sight what Neovim does not by itself: it scrolls for lines of the text alone, and waits for the user.
local M = {}

--- While a command line is typed Neovim draws windows again only when it is told to.
function M.redraw()
  if vim.api.nvim_get_mode().mode:sub(1, 1) == 'c' then vim.cmd.redraw() end
end

--- Lines above the first one are out of sight until the window is scrolled there.
---@param buffer integer
---@param count integer
function M.scroll_up(buffer, count)
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    vim.api.nvim_win_call(window, function()
      if vim.fn.line('w0') == 1 then vim.fn.winrestview({ topline = 1, topfill = count }) end
    end)
  end
end

--- Scroll the current window until the lines from `first` to `last` are seen with what is below them, or as much of it as there
--- is room for.
---@param first integer counted from 0
---@param last integer
---@param below integer virtual lines
function M.bring(first, last, below)
  local window = vim.api.nvim_get_current_win()
  local info = vim.fn.getwininfo(window)[1]
  local highest = first + 1 - vim.wo.scrolloff
  local function top() return vim.fn.line('w0') end
  local function covered()
    return vim.api.nvim_win_text_height(window, { start_row = top() - 1, end_row = last }).all + below
  end
  local function seen() return { top(), vim.fn.winsaveview().topfill } end
  local before
  while covered() > info.height and top() < highest and not vim.deep_equal(seen(), before) do
    before = seen()
    vim.cmd.normal({ '\5', bang = true }) -- CTRL-E, which may scroll a virtual line
  end
end

return M
