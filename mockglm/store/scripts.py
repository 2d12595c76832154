"""The scripts that decide in the server, in Lua for Redis and Valkey.

Keys of a session are a hash `state` (v: version, d: state, n: requests), a hash `slots` (id: end of
the lease in milliseconds, owner and model), a hash `uses` and a stream `journal`.
"""

from __future__ import annotations

_READ_SLOTS = """
local function read_slots(key)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local found, all = {}, redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local ends, slot = string.match(all[i + 1], '^(%d+) (.*)$')
    if tonumber(ends) > now then found[#found + 1] = slot
    else redis.call('HDEL', key, all[i]) end
  end
  return found, now
end
"""

LOAD = (
    _READ_SLOTS
    + """
-- KEYS: state, slots, sessions, scenarios; ARGV: known version, count, ttl, name, digest
local digest = redis.call('GET', KEYS[4])
if digest and digest ~= ARGV[5] then return {digest} end
redis.call('SET', KEYS[4], ARGV[5], 'EX', ARGV[3])
local ordinal = 0
if ARGV[2] == '1' then
  ordinal = redis.call('HINCRBY', KEYS[1], 'n', 1)
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  redis.call('ZADD', KEYS[3], redis.call('TIME')[1], ARGV[4])
  redis.call('EXPIRE', KEYS[3], ARGV[3])
end
local version = redis.call('HGET', KEYS[1], 'v') or ''
local state = false
if version ~= ARGV[1] then state = redis.call('HGET', KEYS[1], 'd') or '' end
local slots = read_slots(KEYS[2])
return {ARGV[5], version, state, ordinal, slots}
"""
)

COMMIT = (
    _READ_SLOTS
    + """
-- KEYS: state, slots, uses, journal, sessions
-- ARGV: ttl, name, expected, version, state ('' for none), slot id, slot, lease, record, most,
-- channel, uses...
local slots, now = false, 0
if ARGV[5] ~= '' then
  local version = redis.call('HGET', KEYS[1], 'v') or ''
  slots, now = read_slots(KEYS[2])
  if version ~= ARGV[3] then
    return {version, redis.call('HGET', KEYS[1], 'd') or '', slots}
  end
  redis.call('HSET', KEYS[1], 'v', ARGV[4], 'd', ARGV[5])
  redis.call('ZADD', KEYS[5], redis.call('TIME')[1], ARGV[2])
  if ARGV[6] ~= '' then
    redis.call('HSET', KEYS[2], ARGV[6], string.format('%.0f ', now + ARGV[8]) .. ARGV[7])
    redis.call('EXPIRE', KEYS[2], ARGV[1])
  end
  redis.call('EXPIRE', KEYS[1], ARGV[1])
end
for i = 12, #ARGV do
  redis.call('HINCRBY', KEYS[3], ARGV[i], 1)
  redis.call('EXPIRE', KEYS[3], ARGV[1])
end
if ARGV[9] ~= '' then
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[10], '*', 'e', ARGV[9])
  redis.call('EXPIRE', KEYS[4], ARGV[1])
  redis.call('PUBLISH', ARGV[11], ARGV[9])
end
return 1
"""
)

FINISH = """
-- KEYS: slots, journal; ARGV: slot id, record, most, ttl, channel, notice
if ARGV[1] ~= '' then redis.call('HDEL', KEYS[1], ARGV[1]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', 'e', ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
"""

RENEW = """
-- KEYS: slots; ARGV: lease, ids...
local time = redis.call('TIME')
local ends = string.format('%.0f ', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1])
for i = 2, #ARGV do
  local slot = redis.call('HGET', KEYS[1], ARGV[i])
  if slot then
    redis.call('HSET', KEYS[1], ARGV[i], ends .. string.match(slot, '^%d+ (.*)$'))
  end
end
return 1
"""

FORGET = """
-- KEYS: sessions, then all keys of the session; ARGV: name
redis.call('ZREM', KEYS[1], ARGV[1])
local count = 0
for i = 2, #KEYS do count = count + redis.call('DEL', KEYS[i]) end
return count
"""
