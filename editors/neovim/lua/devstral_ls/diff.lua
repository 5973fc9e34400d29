--- A proposed file beside the text as it is, in a tab of its own.
local inline = require('devstral_ls.inline')
local messages = require('devstral_ls.messages')
local pending = require('devstral_ls.pending')

local M = {}

---@class devstral_ls.Diff
---@field path string
---@field proposed integer buffer
---@field current integer buffer
---@field tab integer

---@type devstral_ls.Diff[]
local open = {}
---@type table<string, integer> buffers by name
local scratches = {}

---@param file devstral_ls.File
---@return string[]
local function text_now(file)
  local buffer = pending.buffer_of(file)
  if buffer then return vim.api.nvim_buf_get_lines(buffer, 0, -1, true) end
  local path = vim.uri_to_fname(file.from and file.from.uri or file.uri)
  return vim.fn.filereadable(path) == 1 and vim.fn.readfile(path) or {}
end

---@param file devstral_ls.File
---@return string[]
local function text_proposed(file)
  local lines = file.kind == 'edit' and text_now(file) or {}
  for index = #file.hunks, 1, -1 do
    local hunk = file.hunks[index]
    if file.kind ~= 'edit' then return hunk.newLines end
    local kept = vim.list_slice(lines, hunk.line + #hunk.oldLines + 1)
    lines = vim.list_extend(vim.list_extend(vim.list_slice(lines, 1, hunk.line), hunk.newLines), kept)
  end
  return lines
end

---@param name string
---@param lines string[]
---@param client integer
---@return integer buffer
local function scratch(name, lines, client)
  local buffer = scratches[name]
  if not buffer or not vim.api.nvim_buf_is_valid(buffer) then
    buffer = vim.api.nvim_create_buf(false, true)
    scratches[name] = buffer
    vim.api.nvim_buf_set_name(buffer, name)
    vim.bo[buffer].filetype = vim.filetype.match({ filename = name, buf = buffer }) or ''
    vim.b[buffer].devstral_client = client
    vim.keymap.set('n', 'q', function() M.close() end, { buffer = buffer, desc = 'Devstral: close the diff' })
  end
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, true, lines)
  vim.bo[buffer].modifiable = false
  return buffer
end

--- A buffer with the file as it is proposed.
---@param file devstral_ls.File
---@return integer buffer
function M.proposed(file)
  local buffer = scratch('devstral://proposed/' .. file.path, text_proposed(file), file.client)
  require('devstral_ls.keys').attach(buffer)
  return buffer
end

--- The file's text as it is now: its own buffer, or nothing for a file that is to be made.
---@param file devstral_ls.File
---@return integer buffer
local function current(file)
  if file.kind == 'create' then return scratch('devstral://nothing/' .. file.path, {}, file.client) end
  local buffer = vim.uri_to_bufnr(file.from and file.from.uri or file.uri)
  vim.fn.bufload(buffer)
  vim.bo[buffer].buflisted = true
  return buffer
end

---@param window integer
---@param text string
local function name(window, text) vim.wo[window][0].winbar = ' ' .. text:gsub('%%', '%%%%') end

---@param file devstral_ls.File
local function show(file)
  local left, right = current(file), M.proposed(file)
  vim.cmd('tab split')
  vim.api.nvim_win_set_buf(0, left)
  vim.cmd.diffthis()
  local window = vim.api.nvim_get_current_win()
  name(window, (file.from or file).path .. ' as it is')
  name(vim.api.nvim_open_win(right, true, { split = 'right', win = window }), file.path .. ' as proposed')
  vim.cmd.diffthis()
  vim.api.nvim_set_current_win(window)
  table.insert(open, { path = file.path, proposed = right, current = left, tab = vim.api.nvim_get_current_tabpage() })
  inline.hide(left, true)
end

--- Show a file's diff: the one named, else the current buffer's, else the only one or the one that is picked.
---@param path? string
function M.show(path)
  local files = pending.files()
  local here = vim.api.nvim_get_current_buf()
  local wanted = vim.tbl_filter(function(file)
    if path then return file.path == path end
    return pending.buffer_of(file) == here
  end, files)
  if path and #wanted == 0 then return messages.say('Devstral proposes nothing for ' .. path) end
  wanted = #wanted > 0 and wanted or files
  if #wanted == 0 then return messages.say('Devstral proposes nothing') end
  if #wanted == 1 then return show(wanted[1]) end
  local options = { prompt = 'Diff of', format_item = function(file) return file.path end }
  vim.ui.select(wanted, options, function(file)
    if file then show(file) end
  end)
end

--- The diff in the current tab, if there is one.
---@return devstral_ls.Diff?
local function here()
  local tab = vim.api.nvim_get_current_tabpage()
  for _, diff in ipairs(open) do
    if diff.tab == tab then return diff end
  end
end

function M.close()
  if here() and #vim.api.nvim_list_tabpages() > 1 then return vim.cmd.tabclose() end
  vim.cmd.bdelete()
end

--- The changes that are meant in a buffer with a proposed text; nil for any other buffer.
---@param buffer integer
---@param lines? { [1]: integer, [2]: integer } counted from 0
---@return { file: devstral_ls.File, hunk: devstral_ls.Hunk }[]?
function M.chosen(buffer, lines)
  local name = vim.api.nvim_buf_get_name(buffer)
  local path = name:match('^devstral://proposed/(.*)$') or name:match('^devstral://nothing/(.*)$')
  if not path then return nil end
  local chosen = {}
  for _, file in ipairs(pending.files()) do
    local shift = 0
    for _, hunk in ipairs(file.path == path and file.hunks or {}) do
      local first = hunk.line + shift
      local last = first + math.max(#hunk.newLines, 1) - 1
      shift = shift + #hunk.newLines - #hunk.oldLines
      local meant = not lines or file.kind ~= 'edit' or (first <= lines[2] and last >= lines[1])
      if meant then chosen[#chosen + 1] = { file = file, hunk = hunk } end
    end
  end
  return chosen
end

--- What is pending has changed: so do the proposed texts, and a diff with nothing left is closed.
function M.update()
  local files = {}
  for _, file in ipairs(pending.files()) do
    files[file.path] = file
  end
  for _, diff in ipairs(vim.deepcopy(open)) do
    local file = files[diff.path]
    if file then
      M.proposed(file)
    elseif vim.api.nvim_tabpage_is_valid(diff.tab) and #vim.api.nvim_list_tabpages() > 1 then
      vim.cmd.tabclose(vim.api.nvim_tabpage_get_number(diff.tab))
    end
  end
end

local function forget_closed()
  for index = #open, 1, -1 do
    local diff = open[index]
    if not vim.api.nvim_tabpage_is_valid(diff.tab) then
      table.remove(open, index)
      inline.hide(diff.current, false)
    end
  end
end

vim.api.nvim_create_autocmd('TabClosed', {
  group = vim.api.nvim_create_augroup('devstral_ls.diff', {}),
  -- In 0.10 the tab is still there while this runs.
  callback = vim.schedule_wrap(forget_closed),
})

return M
