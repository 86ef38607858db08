-- wrk script: creates sessions with different IDs.  wrk … -s write.lua URL -- FILE KEY PREFIX
-- A line of the file is a createSession with @ for the ID and, after a tab, the request that follows its response.
local firsts, seconds, waiting, made = {}, {}, {}, 0
local headers, prefix, threads = {}, "", {}
refused = 0 -- global, since done reads it from another Lua state

function setup(thread)
  threads[#threads + 1] = thread
end

function init(arguments)
  headers = {
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/graphql-response+json, application/json;q=0.9", -- with the first type, refused requests have another status than 200
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
