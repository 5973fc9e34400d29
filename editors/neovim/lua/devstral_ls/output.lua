--- What Devstral says, as markdown in a buffer of its own for each conversation, followed as it grows.
local config = require('devstral_ls.config')
local sight = require('devstral_ls.sight')

local M = {}

---@class devstral_ls.Page
---@field buffer integer
---@field headed boolean whether the heading of the run that goes on is written
---@field prompts string[] of runs whose heading has not come yet
---@field kind? string of what was written last

---@type table<string, devstral_ls.Page>
local pages = {}
local newest ---@type string?
local made = 0 -- pages so far

--- Of the window.
local OPTIONS = {
  wrap = true,
  linebreak = true,
  smoothscroll = true, -- a paragraph may have more rows than the window
  number = false,
  relativenumber = false,
  cursorline = false,
  signcolumn = 'no',
  foldcolumn = '0',
  foldenable = false,
  spell = false,
  conceallevel = 2,
}

---@param id string the session's
---@return devstral_ls.Page
local function page_of(id)
  local page = pages[id]
  if page and vim.api.nvim_buf_is_valid(page.buffer) then return page end
  made = made + 1
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buffer, 'devstral://conversation/' .. made)
  vim.bo[buffer].undolevels = -1
  vim.bo[buffer].modifiable = false
  vim.bo[buffer].filetype = 'markdown'
  vim.b[buffer].devstral_session = id
  vim.keymap.set('n', 'q', function() M.close() end, { buffer = buffer, desc = 'Devstral: close' })
  page = { buffer = buffer, headed = false, prompts = {} }
  pages[id] = page
  return page
end

--- Put the cursor at the very end, which may be many rows below where the last line begins.
---@param window integer
---@param buffer integer
local function to_the_end(window, buffer)
  local last = vim.api.nvim_buf_get_lines(buffer, -2, -1, true)[1]
  vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), #last })
end

--- Windows on the buffer whose cursor is on its last line stay there.
---@param page devstral_ls.Page
---@param text string
local function append(page, text)
  local buffer = page.buffer
  local last = vim.api.nvim_buf_line_count(buffer) - 1
  local column = #vim.api.nvim_buf_get_lines(buffer, last, last + 1, true)[1]
  local followers = vim.tbl_filter(
    function(window) return vim.api.nvim_win_get_cursor(window)[1] == last + 1 end,
    vim.fn.win_findbuf(buffer)
  )
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_text(buffer, last, column, last, column, vim.split(text, '\n', { plain = true }))
  vim.bo[buffer].modifiable = false
  for _, window in ipairs(followers) do
    to_the_end(window, buffer)
  end
  if vim.fn.bufwinid(buffer) > 0 then sight.redraw() end
end

--- Begin something of another kind than what was written last, with an empty line between the two.
---@param page devstral_ls.Page
---@param kind string
---@param close boolean whether two of the kind follow each other without an empty line
local function begin(page, kind, close)
  local empty = vim.api.nvim_buf_line_count(page.buffer) == 1
    and vim.api.nvim_buf_get_lines(page.buffer, 0, 1, true)[1] == ''
  if not empty then append(page, (close and page.kind == kind) and '\n' or '\n\n') end
  page.kind = kind
end

---@param text string
---@return string
local function quoted(text) return '> ' .. text:gsub('\n', '\n> ') end

--- A run begins: its title, and what was asked for.
---@param id string
---@param client_id integer
---@param title string
function M.heading(id, client_id, title)
  local page = page_of(id)
  newest = id
  vim.b[page.buffer].devstral_client = client_id
  begin(page, 'heading', false)
  append(page, '# ' .. title)
  page.headed = true
  local prompt = table.remove(page.prompts, 1)
  if prompt then M.prompt(id, prompt) end
end

--- What the user asked for. The server's answer with the session's id may come before the run's heading, or after it.
---@param id string
---@param prompt string
function M.prompt(id, prompt)
  local page = page_of(id)
  if not page.headed then return table.insert(page.prompts, prompt) end
  begin(page, 'prompt', false)
  append(page, quoted(prompt))
end

--- Text of the answer or of what the model thinks, piece by piece.
---@param id string
---@param kind 'text'|'reasoning'
---@param text string
function M.write(id, kind, text)
  local page = page_of(id)
  local new = page.kind ~= kind
  if new then
    text = text:gsub('^%s+', '')
    if text == '' then return end
    begin(page, kind, false)
  end
  if kind == 'reasoning' then text = (new and '> ' or '') .. text:gsub('\n', '\n> ') end
  append(page, text)
end

--- A line about a tool.
---@param id string
---@param text string
function M.item(id, text)
  local page = page_of(id)
  begin(page, 'item', true)
  append(page, '- ' .. text:gsub('%s*\n%s*', ' '))
end

--- A line about the run itself.
---@param id string
---@param text string
function M.note(id, text)
  local page = page_of(id)
  begin(page, 'note', false)
  append(page, '*' .. text:gsub('%s*\n%s*', ' ') .. '*')
end

--- The run is over; the next heading is another one's.
---@param id string
function M.ended(id) page_of(id).headed = false end

--- The server is gone: runs of its conversations have ended.
---@param client_id integer
function M.left(client_id)
  for id, page in pairs(pages) do
    local valid = vim.api.nvim_buf_is_valid(page.buffer)
    if valid and page.headed and vim.b[page.buffer].devstral_client == client_id then
      M.note(id, 'the server ended: the next :Devstral starts it again')
      M.ended(id)
    end
    page.prompts = {}
  end
end

---@return integer? window that shows a conversation in this tab
local function window_here()
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.b[vim.api.nvim_win_get_buf(window)].devstral_session then return window end
  end
end

---@param buffer integer
---@return integer window
local function open_window(buffer)
  local size = config.now.output.size
  if config.now.output.style ~= 'float' then
    local height = math.max(math.min(size, math.floor(vim.o.lines * 0.4)), 1) -- the files stay in sight
    local window = vim.api.nvim_open_win(buffer, false, { split = 'below', win = -1, height = height })
    vim.wo[window].winfixheight = true
    return window
  end
  local width, height = math.floor(vim.o.columns * size), math.floor(vim.o.lines * size)
  return vim.api.nvim_open_win(buffer, false, {
    relative = 'editor',
    anchor = 'NE',
    row = 1,
    col = vim.o.columns - 1,
    width = math.max(width, 20),
    height = math.max(height, 5),
    border = 'rounded',
    title = ' Devstral ',
  })
end

--- Show a conversation, the newest by default; the cursor stays where it is.
---@param id? string
---@return boolean shown
function M.open(id)
  id = id or newest
  if not id then return false end
  local buffer = page_of(id).buffer
  local window = window_here()
  if window then
    vim.api.nvim_win_set_buf(window, buffer)
  else
    window = open_window(buffer)
    for option, value in pairs(OPTIONS) do
      vim.api.nvim_set_option_value(option, value, { win = window, scope = 'local' })
    end
  end
  to_the_end(window, buffer)
  sight.redraw()
  return true
end

---@return boolean closed
function M.close()
  local window = window_here()
  if not window then return false end
  if #vim.api.nvim_tabpage_list_wins(0) == 1 then
    vim.cmd.enew() -- the last window can't be closed
  else
    vim.api.nvim_win_close(window, true)
  end
  return true
end

--- Show the newest conversation, or hide it.
---@return boolean there is one
function M.toggle() return M.close() or M.open() end

return M
