#include "switchgear/redis/fleet_scripts.hpp"

namespace switchgear::redis::fleet_scripts {

namespace {

/// What all scripts of a circuit begin with. `ensure` makes S2 hold.
constexpr const char* common = R"lua(
local keep = 86400000
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local fleet, votes = KEYS[1], KEYS[2]
local c = {}

local function number(text) return tonumber(text or '') or 0 end
local function whole(n) return string.format('%.0f', n) end

local function load()
  local h = redis.call('HGETALL', fleet)
  for i = 1, #h, 2 do c[h[i]] = h[i + 1] end
  for _, f in ipairs({'epoch', 'opened_at', 'open_for', 'relapses', 'yes', 'electorate', 'tallied', 'fence',
                      'probe_fence', 'probe_until', 'command_epoch', 'command_until'}) do
    c[f] = number(c[f])
  end
end

local function store(...)
  local list = {...}
  local args = {}
  for i = 1, #list, 2 do
    c[list[i]] = list[i + 1]
    args[i] = list[i]
    args[i + 1] = type(list[i + 1]) == 'number' and whole(list[i + 1]) or list[i + 1]
  end
  redis.call('HSET', fleet, unpack(args))
end

local function free_probe() store('probe_holder', '', 'probe_fence', 0, 'probe_until', 0) end

local function ensure(nonce, floor)
  load()
  if not c.incarnation or c.epoch < floor then
    redis.call('DEL', votes)
    store('incarnation', nonce, 'epoch', math.max(c.epoch, floor), 'state', 'closed', 'opened_at', 0,
          'open_for', 0, 'relapses', 0, 'cause', '', 'yes', 0, 'electorate', 0, 'tallied', 0)
    free_probe()
  end
  -- A write in each script: what a server says that cannot take a vote, because it is a replica or full, is not
  -- to be believed for long.
  redis.call('HSET', fleet, 'touched', whole(now))
  redis.call('PEXPIRE', fleet, keep)
end

local function announce(channel, circuit)
  redis.call('PUBLISH', channel, circuit .. '\n' .. c.incarnation .. '\n' .. whole(c.epoch))
end

local function left(instant) return math.max(0, instant - now) end

local function view()
  local commanded = left(c.command_until)
  return {c.incarnation, c.epoch, c.state, c.state == 'open' and left(c.opened_at + c.open_for) or 0, c.relapses,
          c.yes, c.electorate, c.cause, c.command_epoch, commanded > 0 and c.command or 'none', commanded,
          c.command_by or '', left(c.probe_until) > 0 and c.probe_holder or '', left(c.probe_until)}
end
)lua";

Script with_common(const char* text) { return Script(std::string(common) + text); }

}  // namespace

const Script& vote() {
  static const Script script = with_common(R"lua(
local floor, member, seq, says = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5]
ensure(ARGV[1], floor)

local function parts(text) return string.match(text, '^(%d+):(.):(%d+):(%d+):(%d+)$') end

local before = redis.call('HGET', votes, member)
if before and seq <= tonumber((parts(before))) then return view() end
if says == 'y' and floor < c.epoch then says = '-' end
redis.call('HSET', votes, member, table.concat({ARGV[4], says, ARGV[6], ARGV[7], whole(now + ARGV[8])}, ':'))
redis.call('PEXPIRE', votes, keep)

if c.state == 'closed' and (says == 'y' or now - c.tallied >= 5000) then
  local yes, electorate = 0, 0
  local all = redis.call('HGETALL', votes)
  for i = 1, #all, 2 do
    local _, said, _, _, lease = parts(all[i + 1])
    if tonumber(lease) <= now then
      redis.call('HDEL', votes, all[i])
    elseif said ~= '-' then
      electorate = electorate + 1
      if said == 'y' then yes = yes + 1 end
    end
  end
  store('yes', yes, 'electorate', electorate, 'tallied', now)
  local needed = math.max(2, tonumber(ARGV[10]), math.ceil(tonumber(ARGV[9]) * electorate / 1000))
  if yes >= needed then
    store('state', 'open', 'epoch', c.epoch + 1, 'opened_at', now, 'open_for', tonumber(ARGV[11]), 'relapses', 0,
          'cause', yes .. ' of ' .. electorate .. ' members with evidence find it down')
    free_probe()
    announce(ARGV[12], ARGV[13])
  end
end
return view()
)lua");
  return script;
}

const Script& pull() {
  static const Script script = with_common(R"lua(
ensure(ARGV[1], tonumber(ARGV[2]))
local seen = view()
if ARGV[3] == '1' then
  local all = redis.call('HGETALL', votes)
  for i = 1, #all, 2 do
    local said, lease = string.match(all[i + 1], '^(.*):(%d+)$')
    if tonumber(lease) > now then
      seen[#seen + 1] = all[i]
      seen[#seen + 1] = said
      seen[#seen + 1] = left(tonumber(lease))
    end
  end
end
return seen
)lua");
  return script;
}

const Script& acquire_probe() {
  static const Script script = with_common(R"lua(
load()
local member, ttl = ARGV[3], tonumber(ARGV[4])
if c.incarnation ~= ARGV[1] or c.epoch ~= tonumber(ARGV[2]) or c.state ~= 'open' then return {0, 'over', 0} end
local wait = left(c.opened_at + c.open_for)
if wait > 0 then return {0, 'early', wait} end
local held = left(c.probe_until)
if held > 0 then
  if c.probe_holder == member then return {1, c.probe_fence, held} end
  return {0, 'held', held}
end
store('fence', c.fence + 1)
store('probe_holder', member, 'probe_fence', c.fence, 'probe_until', now + ttl)
return {1, c.fence, ttl}
)lua");
  return script;
}

const Script& probe_result() {
  static const Script script = with_common(R"lua(
ensure(ARGV[1], tonumber(ARGV[2]))
local holds = c.incarnation == ARGV[3] and c.epoch == tonumber(ARGV[4]) and c.state == 'open' and
              left(c.probe_until) > 0 and c.probe_fence == tonumber(ARGV[5])
if not holds then return view() end
free_probe()
if ARGV[6] == 'ok' then
  redis.call('DEL', votes)
  store('state', 'closed', 'epoch', c.epoch + 1, 'relapses', 0, 'yes', 0, 'electorate', 0, 'tallied', now,
        'cause', '')
  announce(ARGV[9], ARGV[10])
elseif ARGV[6] == 'failed' then
  store('epoch', c.epoch + 1, 'opened_at', now, 'relapses', c.relapses + 1,
        'open_for', math.min(math.floor(c.open_for * tonumber(ARGV[7]) / 1000), tonumber(ARGV[8])))
  announce(ARGV[9], ARGV[10])
end
return view()
)lua");
  return script;
}

const Script& force() {
  static const Script script = with_common(R"lua(
ensure(ARGV[1], tonumber(ARGV[2]))
local epoch = tonumber(ARGV[3])
if epoch == 0 then epoch = c.command_epoch + 1 elseif epoch <= c.command_epoch then return view() end
store('command_epoch', epoch, 'command', ARGV[4], 'command_until', now + ARGV[5], 'command_by', ARGV[6])
announce(ARGV[7], ARGV[8])
return view()
)lua");
  return script;
}

const Script& join() {
  static const Script script(R"lua(
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 86400000)
return redis.call('ZCARD', KEYS[1])
)lua");
  return script;
}

}  // namespace switchgear::redis::fleet_scripts
