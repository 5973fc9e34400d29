-- What a person sees of the plugin in a buffer, and does there.
local user = require('user')

local reviewing = {}

local function text_of(chunks)
  return (table.concat(vim.tbl_map(function(chunk) return chunk[1] end, chunks)):gsub('%s+$', ''))
end

-- The marks of the plugin, as lines: `12 + new line` below line 12, `12 -` for an old line, `12 ... 1/2 hint` at its end.
function reviewing.shown(buffer)
  local namespace = vim.api.nvim_get_namespaces()['devstral_ls.shown']
  local lines = {}
  local order = { ['-'] = '1', ['.'] = '2', ['^'] = '3', ['+'] = '4' }
  for _, mark in ipairs(namespace and vim.api.nvim_buf_get_extmarks(buffer or 0, namespace, 0, -1, { details = true }) or {}) do
    local number, details = mark[2] + 1, mark[4]
    if details.hl_group == 'DevstralOld' then lines[#lines + 1] = number .. ' -' end
    if details.virt_text then lines[#lines + 1] = number .. ' ... ' .. vim.trim(text_of(details.virt_text)) end
    for _, virtual in ipairs(details.virt_lines or {}) do
      lines[#lines + 1] = number .. (details.virt_lines_above and ' ^ ' or ' + ') .. text_of(virtual)
    end
  end
  -- Marks of one line come in no order.
  local function key(index)
    local number, kind = lines[index]:match('^(%d+) (.)')
    return ('%05d%s%05d'):format(number, order[kind], index)
  end
  local keys = {}
  for index, line in ipairs(lines) do
    keys[#keys + 1] = { key(index), line }
  end
  table.sort(keys, function(a, b) return a[1] < b[1] end)
  return vim.tbl_map(function(one) return one[2] end, keys)
end

-- Wait until so many changes are shown in the buffer; the marks.
function reviewing.until_shown(count, buffer)
  return user.wait(count .. ' changes', function()
    local lines = reviewing.shown(buffer)
    local hints = vim.tbl_filter(function(line) return line:find(' %.%.%. ') end, lines)
    return #hints == count and lines
  end)
end

-- The window of what Devstral says in this tab, and its text.
function reviewing.output()
  for _, window in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    local buffer = vim.api.nvim_win_get_buf(window)
    if vim.b[buffer].devstral_session then return window, user.text(buffer) end
  end
end

-- Wait until no run goes on. Short ones show no progress.
function reviewing.idle()
  user.wait('the run to end', function() return user.command('devstral.status').state == 'idle' end)
end

-- Wait until the plugin knows of nothing that is pending.
function reviewing.all_decided()
  user.wait('all to be decided', function() return #require('devstral_ls.pending').files() == 0 end)
end

function reviewing.status_line() return vim.api.nvim_eval_statusline(vim.o.statusline, {}).str end

function reviewing.line() return vim.api.nvim_win_get_cursor(0)[1] end

function reviewing.notified(text)
  user.wait('the message ' .. text, function() return user.was_shown(text) end)
end

return reviewing
