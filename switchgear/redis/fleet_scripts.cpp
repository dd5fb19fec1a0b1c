#include "switchgear/redis/fleet_scripts.hpp"

#include <cmath>

namespace switchgear::redis::fleet_scripts {

namespace {

/// What all scripts of a circuit begin with. `ensure` makes S2 and S6 hold.
constexpr const char* common = R"lua(
local keep = 86400000
local longest_lease = 600000
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
-- Lua counts exactly to here.
local most = 4503599627370496
-- Epochs grow by one, or are milliseconds. What is far beyond is none of ours. As the limit moves on, a value that is just
-- within it does not leave it when one is added.
local most_epoch = now + 2199023255552
local fleet, votes = KEYS[1], KEYS[2]
local numbers = {'epoch', 'opened_at', 'open_for', 'relapses', 'yes', 'electorate', 'tallied', 'uncounted', 'fence',
                 'probe_fence', 'probe_until', 'probe_gap', 'command_epoch', 'command_given', 'command_until',
                 'command_for', 'repairs', 'quiet_since'}
local c = {}
local bad = 0

local function whole(n) return string.format('%.0f', n) end

-- What is not a number of ours is none: tonumber would take 'inf', '0x10' and '1e99' too.
local function number(text, limit)
  if not text then return 0 end
  local n = string.match(text, '^%d+$') and tonumber(text)
  if n and n <= limit then return n end
  bad = bad + 1
  return 0
end

local function load()
  local h = redis.call('HGETALL', fleet)
  for i = 1, #h, 2 do c[h[i]] = h[i + 1] end
  if c.incarnation == '' or c.incarnation and c.state ~= 'open' and c.state ~= 'closed' then bad = bad + 1 end
  for _, f in ipairs(numbers) do
    c[f] = number(c[f], (f == 'epoch' or f == 'command_epoch') and most_epoch or most)
  end
  c.cause = c.cause or ''
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

local function free_probe() store('probe_holder', '', 'probe_fence', 0, 'probe_until', 0, 'probe_gap', 0) end

local function ensure(nonce, floor)
  load()
  floor = math.min(floor, most_epoch)
  if not c.incarnation or c.epoch < floor or bad > 0 then
    for _, f in ipairs(numbers) do store(f, c[f]) end
    redis.call('DEL', votes)
    store('incarnation', nonce, 'epoch', math.max(c.epoch, floor), 'state', 'closed', 'opened_at', 0,
          'open_for', 0, 'relapses', 0, 'cause', '', 'yes', 0, 'electorate', 0, 'tallied', 0, 'uncounted', 0,
          'repairs', c.repairs + bad, 'quiet_since', 0)
    free_probe()
  elseif c.opened_at > now then
    store('opened_at', now)
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

-- Of a lease of a member, of at most five minutes.
local function lease_left(instant)
  local rest = left(instant)
  return rest <= longest_lease and rest or 0
end

-- A vote: seq, what it says, calls and failures, the end of its lease, the run of its member; nothing if it is none.
local function parts(text)
  local seq, says, calls, failures, lease, run =
      string.match(text or '', '^(%d+):([ynwl-]):(%d+):(%d+):(%d+):(%w*)$')
  if seq then return tonumber(seq), says, calls, failures, tonumber(lease), run end
end

-- Counts the votes. One for down, or of a member that waits, is not gone as soon as it has expired: for another lease
-- it stands as lapsed, because the store may have been cut off from its member, and the member is still there.
local function tally(lease_ms)
  local n = {y = 0, n = 0, w = 0, l = 0, ['-'] = 0}
  local wrong = 0
  local all = redis.call('HGETALL', votes)
  for i = 1, #all, 2 do
    local seq, said, calls, failures, lease, run = parts(all[i + 1])
    if not seq then wrong = wrong + 1 end
    if seq and lease_left(lease) == 0 and lease <= now and (said == 'y' or said == 'w') then
      said = 'l'
      redis.call('HSET', votes, all[i], table.concat({whole(seq), said, calls, failures, whole(now + lease_ms), run}, ':'))
    elseif not seq or lease_left(lease) == 0 then
      redis.call('HDEL', votes, all[i])
      said = '-'
    end
    n[said] = n[said] + 1
  end
  store('yes', n.y, 'electorate', n.y + n.n, 'tallied', now, 'uncounted', 0)
  if wrong > 0 then store('repairs', c.repairs + wrong) end
  return n
end

local function close(channel, circuit)
  free_probe()
  redis.call('DEL', votes)
  store('state', 'closed', 'epoch', c.epoch + 1, 'relapses', 0, 'yes', 0, 'electorate', 0, 'tallied', now,
        'uncounted', 0, 'cause', '', 'quiet_since', 0)
  announce(channel, circuit)
end

local function view()
  local commanded = math.min(left(c.command_until), c.command_for)
  local probing = lease_left(c.probe_until)
  return {c.incarnation, c.epoch, c.state, c.state == 'open' and left(c.opened_at + c.open_for) or 0, c.relapses,
          c.yes, c.electorate, c.cause, c.command_epoch, commanded > 0 and c.command or 'none', commanded,
          c.command_by or '', probing > 0 and c.probe_holder or '', probing, c.probe_gap, c.repairs, now}
end
)lua";

Script with_common(const char* text) { return Script(std::string(common) + text); }

}  // namespace

std::string parts_of(double quorum) {
  constexpr auto parts = static_cast<double>(quorum_parts);
  const double nearest = std::round(quorum * parts);
  return std::to_string(std::llround(nearest / parts == quorum ? nearest : std::floor(quorum * parts)));
}

const Script& vote() {
  static const Script script = with_common(R"lua(
local floor, member, run, seq, says = tonumber(ARGV[2]), ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
ensure(ARGV[1], floor)

local last, _, _, _, lease, of = parts(redis.call('HGET', votes, member))
if last and of == run and seq <= last and lease - now <= longest_lease then return view() end
if says == 'y' and floor < c.epoch then says = '-' end
redis.call('HSET', votes, member,
           table.concat({ARGV[5], says, ARGV[7], ARGV[8], whole(now + ARGV[9]), run}, ':'))
redis.call('PEXPIRE', votes, keep)

-- A count reads all votes: of a thousand, at most every 20 ms.
local lease_ms = tonumber(ARGV[9])
local beat = math.min(lease_ms / 5, 1000)
local since, size = now - c.tallied, redis.call('HLEN', votes)
local rested = since < 0 or since >= math.floor(size / 50)
if c.state == 'closed' and (rested and (says == 'y' or c.uncounted == 1) or since >= 5000) then
  local n = tally(lease_ms)
  local share = ARGV[10] * (n.y + n.n) + 999999999
  local needed = math.max(2, tonumber(ARGV[11]), (share - share % 1000000000) / 1000000000)
  if n.y >= needed then
    store('state', 'open', 'epoch', c.epoch + 1, 'opened_at', now, 'open_for', tonumber(ARGV[12]), 'relapses', 0,
          'cause', n.y .. ' of ' .. (n.y + n.n) .. ' members with evidence find it down', 'quiet_since', 0)
    free_probe()
    announce(ARGV[13], ARGV[14])
  end
elseif c.state == 'open' and rested and (since < 0 or since >= beat / 2) then
  local n = tally(lease_ms)
  -- Members that wait for a call have nothing to say against one that finds it to work.
  local holds = n.y + n.l > 0 or n.n == 0 and n.w > 0
  if holds then
    if c.quiet_since ~= 0 then store('quiet_since', 0) end
  elseif c.quiet_since == 0 or c.quiet_since > now then
    store('quiet_since', now)
  elseif now - c.quiet_since >= beat then
    close(ARGV[13], ARGV[14])
  end
elseif c.state == 'closed' and says == 'y' and c.uncounted == 0 then
  store('uncounted', 1)
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
  local all = redis.call('HSCAN', votes, '0', 'COUNT', '500')[2]  -- about so many, for people
  for i = 1, #all, 2 do
    local seq, says, calls, failures, lease = parts(all[i + 1])
    if seq and lease_left(lease) > 0 then
      seen[#seen + 1] = all[i]
      seen[#seen + 1] = table.concat({whole(seq), says, calls, failures}, ':')
      seen[#seen + 1] = lease_left(lease)
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
local member, ttl, gap = ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
if bad > 0 or c.incarnation ~= ARGV[1] or c.epoch ~= tonumber(ARGV[2]) or c.state ~= 'open' then
  return {0, 'over', 0}
end
local wait = left(math.min(c.opened_at, now) + math.min(c.open_for, tonumber(ARGV[6])))
if wait > 0 then return {0, 'early', wait} end
local held = lease_left(c.probe_until)
if held > 0 then
  if c.probe_holder == member then
    store('probe_until', now + ttl, 'probe_gap', gap)
    return {1, c.probe_fence, ttl}
  end
  if c.probe_gap <= math.max(1000, 2 * gap) then return {0, 'held', held} end
end
store('fence', c.fence + 1)
store('probe_holder', member, 'probe_fence', c.fence, 'probe_until', now + ttl, 'probe_gap', gap)
return {1, c.fence, ttl}
)lua");
  return script;
}

const Script& probe_result() {
  static const Script script = with_common(R"lua(
ensure(ARGV[1], tonumber(ARGV[2]))
local holds = c.incarnation == ARGV[3] and c.epoch == tonumber(ARGV[4]) and c.state == 'open' and
              lease_left(c.probe_until) > 0 and c.probe_fence == tonumber(ARGV[5])
if not holds then return view() end
free_probe()
if ARGV[6] == 'ok' then
  close(ARGV[9], ARGV[10])
elseif ARGV[6] == 'failed' then
  store('epoch', c.epoch + 1, 'opened_at', now, 'relapses', c.relapses + 1, 'quiet_since', 0,
        'open_for', math.min(math.floor(c.open_for * tonumber(ARGV[7])), tonumber(ARGV[8])))
  announce(ARGV[9], ARGV[10])
end
return view()
)lua");
  return script;
}

const Script& force() {
  static const Script script = with_common(R"lua(
ensure(ARGV[1], tonumber(ARGV[2]))
local epoch, base, age, length = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[7])
local under_way = math.max(0, now - ARGV[9])
local given = math.max(0, now - under_way - age)
if epoch == 0 then
  -- It may be older than what came meanwhile from a member that its own had not heard of.
  local later = c.command_given <= now and given + ARGV[10] < c.command_given
  if c.command_epoch > base and later then return view() end
  epoch = math.max(c.command_epoch + 1, base + 1, given)
elseif epoch <= c.command_epoch then
  return view()
else
  given = math.min(epoch, now)  -- it was put back: its epoch is about when it was given
end
length = math.max(0, length - under_way)
store('command_epoch', epoch, 'command_given', given, 'command', ARGV[6], 'command_until', now + length,
      'command_for', length, 'command_by', ARGV[8])
announce(ARGV[11], ARGV[12])
return view()
)lua");
  return script;
}

const Script& leave() {
  static const Script script = with_common(R"lua(
local _, _, _, _, _, run = parts(redis.call('HGET', votes, ARGV[1]))
if run ~= ARGV[2] then return 0 end
redis.call('HDEL', votes, ARGV[1])
load()
if bad == 0 and c.probe_holder == ARGV[1] then free_probe() end
return 1
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
