--- The ways in which a subcommand of `:Devstral` works.
local client_of = require('devstral_ls.client')

local M = {}

---@class devstral_ls.Asked one call of :Devstral
---@field call devstral_ls.Call
---@field rest string what follows the subcommand and its options
---@field options table<string, string>
---@field client vim.lsp.Client

---@class devstral_ls.Subcommand
---@field about string
---@field serves string[] the server's commands it stands for
---@field run fun(asked: devstral_ls.Asked)
---@field offline? boolean whether it does without a server
---@field bare? boolean whether no words may follow it
---@field complete? fun(): string[]

--- It asks the server, and that is all.
---@param name string
---@param about string
---@param make? fun(asked: devstral_ls.Asked): table? the argument
---@param answered? fun(answer: any, asked: devstral_ls.Asked)
---@return devstral_ls.Subcommand
function M.plain(name, about, make, answered)
  return {
    about = about,
    serves = { name },
    bare = make == nil,
    run = function(asked)
      client_of.execute(asked.client, name, make and make(asked) or {}, function(answer)
        if answered then answered(answer, asked) end
      end)
    end,
  }
end

--- It does without a server.
---@param about string
---@param run fun(asked: devstral_ls.Asked)
---@param complete? fun(): string[]
---@return devstral_ls.Subcommand
function M.offline(about, run, complete)
  return { about = about, serves = {}, run = run, offline = true, bare = complete == nil, complete = complete }
end

---@param field string
---@return fun(asked: devstral_ls.Asked): table the words after the subcommand as the argument's field
function M.as(field)
  return function(asked) return asked.rest ~= '' and { [field] = asked.rest } or {} end
end

return M
