-- wrk: makes sessions, each under an ID of its own.  wrk … -s write.lua URL -- FILE KEY PREFIX
-- A line of the file is a createSession with @ for the ID and, behind a tab, what is asked once that has been answered.
local firsts, seconds, waiting, made = {}, {}, {}, 0
local headers, prefix, threads = {}, "", {}
refused = 0 -- is asked for by done, from another state of Lua

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  headers = {
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/graphql-response+json, application/json;q=0.9", -- with the first, a refusal is no 200
    ["Authorization"] = "Bearer " .. arguments[2],
  }
  prefix = arguments[3]
  for line in io.lines(arguments[1]) do
    firsts[#firsts + 1], seconds[#seconds + 1] = line:match("^([^\t]+)\t?(.*)$")
  end
end

function request()
  local number, bodies = table.remove(waiting), seconds
  if not number then
    made = made + 1
    number, bodies = made, firsts
  end
  local body = bodies[number % #bodies + 1]:gsub("@", prefix .. number)
  return wrk.format("POST", nil, headers, body)
end

function response(status, _, body)
  if not body:find('"errors":[]', 1, true) then
    refused = refused + 1
  end
  local number = body:match('^{"data":{"createSession":{"session":{"integrationId":"' .. prefix .. '(%d+)"')
  if number and seconds[1] ~= "" then
    waiting[#waiting + 1] = tonumber(number)
  end
end

function done()
  for _, thread in ipairs(threads) do
    io.write("Refused: " .. thread:get("refused") .. "\n")
  end
end
