--- The conversation that the next question goes on with, when one was picked.
local M = {}

local picked ---@type string?

---@param id? string
function M.pick(id) picked = id end

---@return string? id of the one that was picked since the last question
function M.take()
  local id = picked
  picked = nil
  return id
end

return M
