--- What a command is about: the file, the selected lines, and what any server or linter reports there.
local M = {}

---@class devstral_ls.Call what nvim_create_user_command hands over
---@field range integer 0 without a range
---@field line1 integer
---@field line2 integer
---@field bang boolean
---@field fargs string[]

---@param first integer counted from 0
---@param stop integer the line after the last one
---@return lsp.Range
local function whole_lines(first, stop)
  return { start = { line = first, character = 0 }, ['end'] = { line = stop, character = 0 } }
end

--- The file of the current buffer; nil where that is no file, and then the server takes the last one.
---@return { uri: string }?
function M.document()
  if vim.bo.buftype ~= '' or vim.api.nvim_buf_get_name(0) == '' then return nil end
  return { uri = vim.uri_from_bufnr(0) }
end

--- The selected lines.
---@param call devstral_ls.Call
---@return lsp.Range?
function M.selection(call)
  if call.range == 0 then return nil end
  return whole_lines(call.line1 - 1, call.line2)
end

--- The line of the cursor, with nothing selected.
---@return lsp.Range
function M.cursor()
  local line = vim.api.nvim_win_get_cursor(0)[1] - 1
  return whole_lines(line, line)
end

---@param found vim.Diagnostic
---@param encoding string
---@return lsp.Diagnostic
local function for_the_server(found, encoding)
  local function position(line, column)
    line = math.min(line, vim.api.nvim_buf_line_count(0) - 1)
    return { line = line, character = vim.lsp.util.character_offset(0, line, column, encoding) }
  end
  return {
    range = {
      start = position(found.lnum, found.col),
      ['end'] = position(found.end_lnum or found.lnum, found.end_col or found.col),
    },
    severity = found.severity,
    message = found.message,
    source = found.source,
    code = found.code,
  }
end

--- What is reported in the selected lines; without a selection on the cursor's line, or where nothing is reported there in
--- all of the buffer. Neovim gives a server its own diagnostics only; these are everyone's.
---@param call devstral_ls.Call
---@param encoding string the client's position encoding
---@return lsp.Diagnostic[]
---@return lsp.Range?
function M.problems(call, encoding)
  local first, last = call.line1 - 1, call.line2 - 1
  local range = whole_lines(first, last + 1)
  local all = vim.diagnostic.get(0)
  local here = vim.tbl_filter(function(one) return one.lnum <= last and (one.end_lnum or one.lnum) >= first end, all)
  if #here == 0 and call.range == 0 then here, range = all, nil end
  return vim.tbl_map(function(one) return for_the_server(one, encoding) end, here), range
end

return M
