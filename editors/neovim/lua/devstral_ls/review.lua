--- What is pending, in the text: shown, moved through, accepted, rejected.
local client_of = require('devstral_ls.client')
local config = require('devstral_ls.config')
local draw = require('devstral_ls.draw')
local keys = require('devstral_ls.keys')
local status = require('devstral_ls.status')

local M = {}

---@class devstral_ls.File as the server answers it
---@field uri string
---@field path string
---@field kind 'edit'|'create'|'delete'|'rename'
---@field conflict boolean
---@field from? { uri: string, path: string }
---@field hunks devstral_ls.Hunk[]
---@field proposal string its proposal's id
---@field client integer

---@class devstral_ls.Placed
---@field hunk devstral_ls.Hunk
---@field file devstral_ls.File
---@field mark integer

---@type table<integer, devstral_ls.File[]> by client
local pending = {}
---@type table<integer, devstral_ls.Placed[]> by buffer
local placed = {}
---@type table<integer, boolean> buffers whose changes are shown otherwise, in a diff
local hidden = {}
---@type table<integer, integer> how often each client was asked
local asked = {}
---@type table<integer, fun(review: table)[]> by client: to call with the next answer that counts
local waiting = {}

---@return devstral_ls.File[] of every proposal of every server, the oldest first
function M.files()
  local all = {}
  for _, files in pairs(pending) do
    vim.list_extend(all, files)
  end
  return all
end

---@param file devstral_ls.File
---@return integer? the loaded buffer that has the file's text as it is now
function M.buffer_of(file)
  local uri = file.from and file.from.uri or file.uri
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    local is_file = vim.api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].buftype == ''
    if is_file and vim.api.nvim_buf_get_name(buffer) ~= '' and vim.uri_from_bufnr(buffer) == uri then return buffer end
  end
end

---@param kind string
---@return string of what is proposed for a whole file
local function of_a_whole(kind) return ({ delete = 'to be deleted', rename = 'to be moved' })[kind] or 'to be made' end

local function hint(file, number, count)
  local accept, reject = keys.shown('accept'), keys.shown('reject')
  local parts = { ('  %d/%d'):format(number, count) }
  if file.kind ~= 'edit' then parts[#parts + 1] = of_a_whole(file.kind) end
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

local function draw_all()
  local before = placed
  placed = {}
  for buffer in pairs(before) do
    if vim.api.nvim_buf_is_valid(buffer) then draw.clear(buffer) end
  end
  for _, file in ipairs(M.files()) do
    local buffer = M.buffer_of(file)
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

local function redraw()
  draw_all()
  local count = 0
  for _, file in ipairs(M.files()) do
    count = count + math.max(#file.hunks, 1)
  end
  status.to_review(count)
  require('devstral_ls.diff').update()
end

--- Ask the server what is pending, and show it.
---@param client vim.lsp.Client
---@param done? fun(review: table)
function M.refresh(client, done)
  local mine = (asked[client.id] or 0) + 1
  asked[client.id] = mine
  waiting[client.id] = waiting[client.id] or {}
  table.insert(waiting[client.id], done)
  client_of.execute(client, 'hunks', {}, function(proposals)
    -- A later question of this client has a later answer, which is the one that counts.
    if mine ~= asked[client.id] then return end
    local files = {}
    for _, proposal in ipairs(proposals) do
      for _, file in ipairs(proposal.files) do
        files[#files + 1] = vim.tbl_extend('force', file, { proposal = proposal.proposalId, client = client.id })
      end
    end
    pending[client.id] = #files > 0 and files or nil
    redraw()
    local callers = waiting[client.id]
    waiting[client.id] = {}
    for _, call in ipairs(callers) do
      call(M)
    end
  end)
end

--- A file was opened that something may be pending for.
---@param client vim.lsp.Client
function M.attached(client)
  if pending[client.id] then M.refresh(client) end
end

--- There is something new to review.
---@param proposal { files: { path: string }[] }
function M.announce(proposal)
  local names = vim.tbl_map(function(file) return file.path end, proposal.files)
  local shown = #names > 2 and ('%s and %d more'):format(names[1], #names - 1) or table.concat(names, ', ')
  client_of.say(('Devstral proposes changes to %s: :Devstral changes'):format(shown))
end

--- Hide a buffer's changes, or show them again.
---@param buffer integer
---@param hide boolean
function M.hide(buffer, hide)
  hidden[buffer] = hide or nil
  if vim.api.nvim_buf_is_valid(buffer) then draw.clear(buffer, 'shown') end
  if not hide then draw_all() end
end

---@param buffer integer
---@return { row: integer, last: integer, one: devstral_ls.Placed }[] from top to bottom
local function rows(buffer)
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

--- Go to the `steps`th change after the cursor, or before it, around the ends of the buffer.
---@param steps integer
function M.go(steps)
  local list = rows(vim.api.nvim_get_current_buf())
  if #list == 0 then return client_of.say('Devstral proposes nothing in this buffer: :Devstral changes lists the rest') end
  local cursor = vim.api.nvim_win_get_cursor(0)[1] - 1
  local after, before = 1, 0 -- the first one below the cursor, the last one above it
  for index, item in ipairs(list) do
    if item.row <= cursor then after = index + 1 end
    if item.row < cursor then before = index end
  end
  local index = steps > 0 and after + steps - 1 or before + steps + 1
  local target = list[(index - 1) % #list + 1]
  vim.cmd("normal! m'")
  vim.api.nvim_win_set_cursor(0, { target.row + 1, 0 })
  vim.cmd('normal! zv')
  if target.row == 0 then draw.scroll_up(0, #target.one.hunk.newLines) end
end

local COMMANDS = { accept = 'applyProposal', reject = 'discardProposal' }

--- Decide about hunks, by id, of the files they are of.
---@param how 'accept'|'reject'
---@param chosen { file: devstral_ls.File, hunk?: devstral_ls.Hunk }[] without a hunk: all of the file
function M.carry_out(how, chosen)
  local together = {} ---@type table<string, table>
  for _, one in ipairs(chosen) do
    local key = one.file.client .. ' ' .. one.file.proposal
    together[key] = together[key] or { client = one.file.client, proposalId = one.file.proposal }
    local field, value = 'uris', one.file.uri
    if one.hunk then
      field, value = 'hunks', one.hunk.id
    end
    together[key][field] = together[key][field] or {}
    table.insert(together[key][field], value)
  end
  for _, argument in pairs(together) do
    local client = vim.lsp.get_client_by_id(argument.client)
    argument.client = nil
    if client then client_of.execute(client, COMMANDS[how], argument, function() M.refresh(client) end) end
  end
end

--- Accept or reject the changes in these lines of the current buffer, or all of its changes.
---@param how 'accept'|'reject'
---@param lines? { [1]: integer, [2]: integer } counted from 0
function M.decide(how, lines)
  local buffer = vim.api.nvim_get_current_buf()
  local chosen = require('devstral_ls.diff').chosen(buffer, lines)
  if not chosen then
    chosen = {}
    for _, item in ipairs(rows(buffer)) do
      if not lines or (item.row <= lines[2] and item.last >= lines[1]) then chosen[#chosen + 1] = item.one end
    end
  end
  if #chosen == 0 then return client_of.say('Devstral proposes nothing here: ' .. M.where_to()) end
  M.carry_out(how, chosen)
end

---@return string
function M.where_to()
  local key = keys.shown('next')
  return (key and placed[vim.api.nvim_get_current_buf()]) and key .. ' goes to the next change'
    or ':Devstral changes lists what is pending'
end

--- List what is pending, of every file, in the quickfix window.
function M.list()
  local items = {}
  for _, file in ipairs(M.files()) do
    local target = { filename = vim.uri_to_fname(file.from and file.from.uri or file.uri) }
    if file.kind == 'create' then target = { bufnr = require('devstral_ls.diff').proposed(file) } end
    for _, hunk in ipairs(file.hunks) do
      local text = ('+%d -%d %s'):format(#hunk.newLines, #hunk.oldLines, vim.trim(hunk.newLines[1] or ''))
      if file.kind ~= 'edit' then text = file.path .. ' is ' .. of_a_whole(file.kind) end
      items[#items + 1] = vim.tbl_extend('error', target, { lnum = hunk.line + 1, text = vim.trim(text), type = 'I' })
    end
    if file.conflict then
      local text = 'the text changed where the edits are; ask for them again'
      items[#items + 1] = vim.tbl_extend('error', target, { lnum = 1, text = text, type = 'W' })
    end
  end
  if #items == 0 then return client_of.say('Devstral proposes nothing') end
  vim.fn.setqflist({}, ' ', { title = 'Devstral proposes', items = items })
  vim.cmd('botright copen ' .. math.min(#items + 1, 10))
end

-- Marks move with the text, but what is typed may also be what is proposed, or be where it is.
local soon = false
vim.api.nvim_create_autocmd({ 'TextChanged', 'InsertLeave', 'BufReadPost' }, {
  group = vim.api.nvim_create_augroup('devstral_ls.review', {}),
  callback = function(event)
    if soon or not placed[event.buf] then return end
    soon = true
    vim.defer_fn(function()
      soon = false
      for id in pairs(pending) do
        local client = vim.lsp.get_client_by_id(id)
        if client then M.refresh(client) end
      end
    end, 100)
  end,
})
vim.api.nvim_create_autocmd('LspDetach', {
  group = vim.api.nvim_create_augroup('devstral_ls.left', {}),
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if not client or (client.is_stopped and vim.fn.has('nvim-0.11') == 1 and client:is_stopped()) then
      pending[event.data.client_id] = nil
      vim.schedule(redraw)
    end
  end,
})

return M
