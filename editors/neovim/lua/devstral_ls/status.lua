--- What goes on, in one line.
local M = {}

local LONGEST = 48 -- characters of what is done just now

local busy, title, health, problem = false, nil, 'ok', '' ---@type boolean, string?, string, string
local activity = ''
local question = false -- one that waits until the user does not type
local changes = 0
local shown = ''

--- Draw the status line again when what it says has changed; `User DevstralStatus` is for plugins that keep a copy.
local function changed()
  local text = M.text()
  if text == shown then return end
  shown = text
  vim.cmd.redrawstatus()
  vim.api.nvim_exec_autocmds('User', { pattern = 'DevstralStatus', modeline = false })
end

--- `devstral/status`
---@param status { busy: boolean, message: string, health: string }
function M.told(status)
  busy, health = status.busy, status.health
  if busy then
    title = status.message
  else
    title, problem, activity = nil, status.message, ''
  end
  changed()
end

--- The server is gone, and what it was at work at with it.
function M.left()
  busy, title, activity = false, nil, ''
  changed()
end

--- What the run that goes on does just now.
---@param text string
function M.doing(text)
  activity = vim.trim(text:gsub('%s+', ' '))
  changed()
end

--- Whether a question waits until the user does not type.
---@param waits boolean
function M.asking(waits)
  question = waits
  changed()
end

--- How many changes wait for a review.
---@param count integer
function M.to_review(count)
  changes = count
  changed()
end

---@return string
function M.text()
  if question then return 'Devstral has a question: <Esc> to see it' end
  if busy then
    local length = vim.fn.strchars(activity)
    local tail = length > LONGEST and '…' .. vim.fn.strcharpart(activity, length - LONGEST) or activity
    return (title or 'Devstral') .. (tail ~= '' and ': ' .. tail or '')
  end
  if changes > 0 then return ('Devstral: %d change%s to review'):format(changes, changes == 1 and '' or 's') end
  if health == 'error' then
    local long = vim.fn.strchars(problem) > LONGEST
    return 'Devstral: ' .. (long and vim.fn.strcharpart(problem, 0, LONGEST) .. '…' or problem)
  end
  return ''
end

return M
