-- A script for wrk: each thread sends its share of prepared requests, one after the other over its one connection, and
-- tells of each when it was sent, when its answer was there, and its status; then it stops.
-- BENCH_REQUESTS names a file: one request a line, method, path, key, correlation and body, separated by tabs.
-- BENCH_THREADS says how many share them.
local ffi = require("ffi")
ffi.cdef[[ struct moment { long s; long ns; }; int clock_gettime(int clock, struct moment *now); ]]

local moment = ffi.new("struct moment")
local threads = 0

local function now_us()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.s) * 1e6 + tonumber(moment.ns) / 1e3
end

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init()
  requests, told, asked, heard = {}, {}, 0, 0
  local of, line_number = tonumber(os.getenv("BENCH_THREADS")), 0
  for line in io.lines(os.getenv("BENCH_REQUESTS")) do
    if line_number % of == number then
      local method, path, key, correlation, body = line:match("^(%S+)\t(%S+)\t(%S*)\t(%S*)\t(.*)$")
      local headers = { ["accept"] = "application/json", ["accept-encoding"] = "identity", ["user-agent"] = "slotfill" }
      if method == "POST" then
        headers["content-type"] = "application/json"
        headers["Idempotency-Key"] = key
        headers["X-Booking-Flow-Correlation"] = correlation
      end
      requests[#requests + 1] = wrk.format(method, path, headers, method == "POST" and body or nil)
    end
    line_number = line_number + 1
  end
end

function request()
  asked = asked + 1
  sent = now_us()
  return requests[math.min(asked, #requests)]
end

function response(status)
  heard = heard + 1
  told[heard] = string.format("%.1f %.1f %d", sent, now_us(), status)
  if heard == #requests then
    -- A file for each: what several threads write to one pipe comes out mixed when it is long.
    local file = assert(io.open(os.getenv("BENCH_REQUESTS") .. "." .. number, "w"))
    file:write(table.concat(told, "\n"), "\n")
    file:close()
    io.stderr:write("done\n")
    io.stderr:flush()
    wrk.thread:stop()
  end
end
