--- Messages to the user, one line each, which nobody has to press Enter after.
local M = {}

local COLOURS = { WARN = 'WarningMsg', ERROR = 'ErrorMsg' }

--- Whether vim.notify is Neovim's own, which prints; a plugin's shows a message of any length. Lua that came with Neovim has
--- no file: a name below `vim/` or, compiled, none at all.
---@return boolean
local function printed()
  local source = debug.getinfo(vim.notify, 'S').source
  return source == '?' or vim.startswith(source, '@vim/')
end

--- The cells of the command line that can be printed into.
---@return integer
local function room() return vim.v.echospace + math.max(vim.o.cmdheight - 1, 0) * vim.o.columns end

--- Where the message is too long for the command line its middle is left out; `:messages` has all of it.
---@param text string
---@param level? 'INFO'|'WARN'|'ERROR'
function M.say(text, level)
  text = vim.trim(text:gsub('%s*\n%s*', ' '))
  if not printed() or vim.fn.strdisplaywidth(text) <= room() then
    return vim.notify(text, vim.log.levels[level or 'INFO'], { title = 'Devstral' })
  end
  -- vim.notify would go on in the next line, and ask for Enter; so would :echomsg while a command runs.
  vim.schedule(function()
    vim.cmd.echohl(COLOURS[level] or 'None')
    vim.cmd.echomsg(vim.fn.string(text))
    vim.cmd.echohl('None')
  end)
end

return M
