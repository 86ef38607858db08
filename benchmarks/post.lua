-- wrk script: posts the lines of a file in turn.  wrk … -s post.lua URL -- FILE KEY
local requests, turn = {}, 0

function init(arguments)
  local headers = {
    ["Content-Type"] = "application/json",
    ["Accept"] = "application/graphql-response+json, application/json;q=0.9", -- with the first type, refused requests have another status than 200
    ["Authorization"] = "Bearer " .. arguments[2],
  }
  for line in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, line)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
