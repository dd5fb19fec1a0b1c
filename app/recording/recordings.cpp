#include "app/recording/recordings.hpp"

#include <algorithm>
#include <random>
#include <sstream>
#include <utility>

namespace switchgear::recording {

namespace {

/// Values that one can guess, as names of tenants, must not be found by hashing them.
std::uint64_t drawn_key() {
  std::random_device device;
  return std::uint64_t{device()} << 32U | device();
}

}  // namespace

Recordings::~Recordings() {
  for (auto& [circuit, entry] : entries_) {
    if (!entry.over) stop_listening(circuit, entry);
  }
}

std::variant<Recording, Refusal> Recordings::start(const std::string& circuit, const Wanted& wanted,
                                                   TimePoint now) {
  const std::lock_guard lock(mutex_);
  look_locked(now);
  const auto known = entries_.find(circuit);
  if (known != entries_.end() && !known->second.over) return Refusal::runs_already;
  if (known != entries_.end()) entries_.erase(known);
  if (!make_room()) return Refusal::too_many;

  RecorderOptions options;
  options.from = now;
  options.until = saturating_add(now, wanted.length);
  options.most_calls = wanted.most;
  options.sample = wanted.sample;
  options.seed = ++started_;
  options.value_key = drawn_key();
  Entry entry;
  entry.recorder = std::make_shared<CallRecorder>(options);
  entry.until = options.until;
  if (!listen(circuit, entry)) return Refusal::no_such_circuit;
  return seen(circuit, entries_.emplace(circuit, std::move(entry)).first->second);
}

bool Recordings::listen(const std::string& circuit, Entry& entry) {
  entry.values = values_(circuit);
  const Interest calls = entry.values ? Interest::rejections : Interest::calls | Interest::rejections;
  const bool has_breaker = registry_.subscribe(circuit, entry.recorder, calls);
  if (entry.values) entry.values->tell_calls(entry.recorder);
  bool has_route = false;
  for (const std::string& policy : routes_(circuit)) {
    auto sink = route_sink(entry.recorder, policy);
    const bool known =
        registry_.subscribe(circuit + "/" + policy, sink, Interest::calls | Interest::rejections);
    has_route |= known;
    entry.routes.emplace(policy, known ? std::move(sink) : nullptr);
  }
  return has_breaker || entry.values || has_route;
}

void Recordings::stop_listening(const std::string& circuit, Entry& entry) {
  registry_.unsubscribe(circuit, entry.recorder);
  if (entry.values) entry.values->tell_calls(nullptr);
  entry.values.reset();
  for (const auto& [policy, sink] : entry.routes) {
    if (sink) registry_.unsubscribe(circuit + "/" + policy, sink);
  }
  entry.routes.clear();
}

void Recordings::follow(const std::string& circuit, Entry& entry) {
  const std::vector<std::string> routes = routes_(circuit);
  const bool same =
      std::ranges::equal(routes, entry.routes, {}, {}, [](const auto& each) { return each.first; });
  if (same && values_(circuit) == entry.values) return;
  stop_listening(circuit, entry);
  (void)listen(circuit, entry);
}

/// The oldest one that is over goes.
bool Recordings::make_room() {
  if (entries_.size() < most_recordings) return true;
  auto oldest = entries_.end();
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    if (each->second.over && (oldest == entries_.end() || each->second.until < oldest->second.until))
      oldest = each;
  }
  if (oldest == entries_.end()) return false;
  entries_.erase(oldest);
  return true;
}

std::variant<Recording, Refusal> Recordings::stop(const std::string& circuit, TimePoint now) {
  const std::lock_guard lock(mutex_);
  look_locked(now);
  const auto found = entries_.find(circuit);
  if (found == entries_.end()) return Refusal::no_such_circuit;
  if (!found->second.over) end(circuit, found->second, now);
  return seen(circuit, found->second);
}

std::vector<Recording> Recordings::all(TimePoint now) {
  const std::lock_guard lock(mutex_);
  look_locked(now);
  std::vector<Recording> found;
  found.reserve(entries_.size());
  for (const auto& [circuit, entry] : entries_) found.push_back(seen(circuit, entry));
  return found;
}

std::variant<std::string, Refusal> Recordings::lines(const std::string& circuit, std::size_t after,
                                                     std::size_t count, TimePoint now) {
  const std::lock_guard lock(mutex_);
  look_locked(now);
  const auto found = entries_.find(circuit);
  if (found == entries_.end()) return Refusal::no_such_circuit;
  Entry& entry = found->second;
  if (!entry.over) return Refusal::not_over;
  if (!entry.calls) entry.calls = entry.recorder->calls();
  const auto size = entry.calls->size();
  const auto first = std::min(after, size);
  const auto last = first + std::min(count, size - first);
  const std::vector<CallRecord> part(entry.calls->begin() + static_cast<std::ptrdiff_t>(first),
                                     entry.calls->begin() + static_cast<std::ptrdiff_t>(last));
  std::ostringstream out;
  write_trace(out, part, entry.recorder->options().from);
  return std::move(out).str();
}

void Recordings::look(TimePoint now) {
  const std::lock_guard lock(mutex_);
  look_locked(now);
}

void Recordings::look_locked(TimePoint now) {
  for (auto each = entries_.begin(); each != entries_.end();) {
    Entry& entry = each->second;
    if (!entry.over && now >= entry.until) end(each->first, entry, entry.until);
    if (!entry.over) follow(each->first, entry);
    each =
        entry.over && now >= saturating_add(entry.until, kept_for) ? entries_.erase(each) : std::next(each);
  }
}

void Recordings::end(const std::string& circuit, Entry& entry, TimePoint at) {
  stop_listening(circuit, entry);
  entry.over = true;
  entry.until = at;
}

Recording Recordings::seen(const std::string& circuit, const Entry& entry) {
  const RecorderOptions& options = entry.recorder->options();
  const RecorderCounts counts = entry.recorder->counts();
  return {circuit, options.from, entry.until, options.sample, entry.over, counts.calls >= options.most_calls,
          counts};
}

}  // namespace switchgear::recording
