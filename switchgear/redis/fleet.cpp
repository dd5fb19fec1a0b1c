#include "switchgear/redis/fleet.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <map>
#include <mutex>
#include <random>
#include <stdexcept>
#include <thread>
#include <utility>

#include "switchgear/policy/option_checker.hpp"
#include "switchgear/redis/fleet_circuit.hpp"
#include "switchgear/redis/fleet_scripts.hpp"

namespace switchgear::redis {

namespace asio = boost::asio;

namespace {

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

std::string milliseconds(Duration length) {
  return std::to_string(
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(length).count(), 1));
}
std::string permille(double ratio) { return std::to_string(std::llround(ratio * 1000)); }

std::string random_name() {
  std::random_device device;
  std::string name;
  constexpr std::string_view digits = "0123456789abcdef";
  for (int i = 0; i < 4; ++i) {
    for (std::uint32_t bits = device(), n = 0; n < 8; ++n, bits >>= 4U) name += digits[bits & 15U];
  }
  return name;
}

std::string host_name() {
  std::array<char, 65> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("host");
}

/// Rings when a breaker changes its state, so that the fleet hears of it at once. Any number of rings is one
/// message to the thread.
class Bell : public EventSink {
 public:
  Bell(std::shared_ptr<asio::io_context> context, std::function<void()> ring)
      : context_(std::move(context)), ring_(std::move(ring)) {}

  void on_transition(const Transition&) override {
    if (rung_.exchange(true, std::memory_order_acq_rel)) return;
    asio::post(*context_, [this] {
      rung_.store(false, std::memory_order_release);
      ring_();
    });
  }

 private:
  const std::shared_ptr<asio::io_context> context_;
  const std::function<void()> ring_;
  std::atomic<bool> rung_{false};
};

FleetOptions checked(FleetOptions options) {
  require_valid("fleet", options.name_space, validate(options));
  options.redis.channels = {"sg:" + options.name_space + ":hints"};
  return options;
}

}  // namespace

/// What the fleet's thread keeps. Everything is that thread's own but what is published for status().
class Fleet::Member {
 public:
  Member(BreakerRegistry& registry, FleetOptions options);
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member();

  [[nodiscard]] FleetStatus status(FleetDetail detail) const;
  bool command(std::string_view circuit, bool open, Duration length, std::string by);

 private:
  struct Entry {
    FleetCircuit circuit;
    std::weak_ptr<CircuitBreaker> breaker;  ///< a keyed one may retire
    std::vector<std::string> keys;
    std::vector<FleetVoter> voters;
    // What is on its way to the store. One of each at most, so that what waits is bounded by the circuits.
    bool asks_view = false, asks_probe = false, asks_result = false, asks_command = false;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  enum class Occasion : std::uint8_t { pulse, report, news };

  void start();
  void pulse_later();
  void work(Occasion occasion);
  void follow_registry();
  static void leave(Entry& entry);
  void ask(const std::string& name, Entry& entry, Occasion occasion, TimePoint now);
  void vote(const std::string& name, Entry& entry, TimePoint now);
  void pull(const std::string& name, Entry& entry, TimePoint now);
  void bid(const std::string& name, Entry& entry, TimePoint now);
  void tell_result(const std::string& name, Entry& entry, TimePoint now);
  void tell_command(const std::string& name, Entry& entry, TimePoint now);
  void join();
  void hear(std::string_view message);
  /// Runs a script that answers with a view.
  void run(const Script& script, const std::string& name, Entry& entry, bool Entry::*flag,
           std::vector<std::string> arguments, TimePoint now);
  void take_view(const std::string& name, bool Entry::*asked, const Reply& reply, TimePoint sent);
  void take_lease(const std::string& name, std::uint64_t epoch, const Reply& reply, TimePoint sent);
  [[nodiscard]] std::vector<std::string> first_arguments(const Entry& entry);
  [[nodiscard]] Entry* find(std::string_view name);
  void publish(TimePoint now);
  [[nodiscard]] bool is_watched(TimePoint now) const noexcept {
    return ticks_of(now) < watched_until_.load(std::memory_order_relaxed);
  }

  BreakerRegistry& registry_;
  const FleetOptions options_;
  const std::string name_;
  const std::string channel_;
  Random random_;
  const std::shared_ptr<asio::io_context> context_ = std::make_shared<asio::io_context>(1);
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer pulse_;
  Client client_;
  Entries entries_;
  std::uint64_t members_ = 0, ignored_views_ = 0;
  TimePoint next_report_{};

  std::shared_ptr<Bell> bell_;
  mutable std::atomic<Duration::rep> watched_until_{0};
  mutable std::mutex mutex_;
  FleetStatus published_;
  std::thread thread_;
};

Fleet::Member::Member(BreakerRegistry& registry, FleetOptions options)
    : registry_(registry),
      options_(checked(std::move(options))),
      name_((options_.label.empty() ? host_name() : options_.label) + "~" + random_name()),
      channel_(options_.redis.channels.front()),
      random_((std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}()),
      work_(context_->get_executor()),
      pulse_(*context_),
      client_(context_->get_executor(), options_.redis, random_.next()),
      bell_(std::make_shared<Bell>(context_, [this] { work(Occasion::news); })) {
  published_.name_space = options_.name_space;
  published_.member = name_;
  start();
}

void Fleet::Member::start() {
  asio::post(*context_, [this] {
    client_.start([this] { work(Occasion::report); },
                  [this](std::string_view, std::string_view message) { hear(message); });
    work(Occasion::report);
    pulse_later();
  });
  registry_.events().subscribe(bell_);
  thread_ = std::thread([this] { context_->run(); });
}

Fleet::Member::~Member() {
  registry_.events().unsubscribe(bell_);
  asio::post(*context_, [this] {
    for (auto& [name, entry] : entries_) leave(entry);
    client_.close();
    pulse_.cancel();
    context_->stop();
  });
  thread_.join();
}

void Fleet::Member::pulse_later() {
  pulse_.expires_after(std::min<Duration>(options_.interval / 4, std::chrono::milliseconds{100}));
  pulse_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    work(now() >= next_report_ ? Occasion::report : Occasion::pulse);
    pulse_later();
  });
}

void Fleet::Member::work(Occasion occasion) {
  const TimePoint at = now();
  if (occasion != Occasion::pulse) follow_registry();
  bool busy = false;
  for (auto& [name, entry] : entries_) {
    if (occasion == Occasion::pulse && !entry.circuit.busy(at)) continue;
    const auto breaker = entry.breaker.lock();
    if (!breaker) continue;
    busy = true;
    entry.circuit.look(*breaker, at);
    ask(name, entry, occasion, at);
  }
  if (occasion == Occasion::report) {
    next_report_ = at + uniform_between(random_, options_.interval * 4 / 5, options_.interval * 6 / 5);
    join();
  }
  if (busy || occasion != Occasion::pulse) publish(at);
}

void Fleet::Member::follow_registry() {
  Entries kept;
  for (const auto& breaker : registry_.all()) {
    const std::string& name = breaker->name();
    if (options_.shares && !options_.shares(name)) continue;
    if (auto known = entries_.extract(name)) {
      known.mapped().breaker = breaker;
      kept.insert(std::move(known));
      continue;
    }
    const std::string slot = "{sg:" + options_.name_space + ":" + name + "}";
    kept.emplace(
        name, Entry{FleetCircuit(options_, random_.next()), breaker, {slot + ":fleet", slot + ":votes"}, {}});
  }
  for (auto& [name, gone] : entries_) leave(gone);
  entries_ = std::move(kept);
}

void Fleet::Member::leave(Entry& entry) {
  if (const auto breaker = entry.breaker.lock()) entry.circuit.leave(*breaker, now());
}

void Fleet::Member::ask(const std::string& name, Entry& entry, Occasion occasion, TimePoint at) {
  if (!client_.connected()) return;
  FleetCircuit& circuit = entry.circuit;
  if (circuit.wants_result() && !entry.asks_result) tell_result(name, entry, at);
  if (circuit.wants_command(at) && !entry.asks_command) tell_command(name, entry, at);
  if (circuit.wants_probe(at) && !entry.asks_probe) bid(name, entry, at);
  if (entry.asks_view) return;
  if (circuit.wants_vote(at)) {
    vote(name, entry, at);
  } else if (occasion == Occasion::report) {
    pull(name, entry, at);
  }
}

std::vector<std::string> Fleet::Member::first_arguments(const Entry& entry) {
  return {std::to_string(random_.next()), std::to_string(entry.circuit.epoch())};
}

void Fleet::Member::vote(const std::string& name, Entry& entry, TimePoint at) {
  const auto breaker = entry.breaker.lock();
  if (!breaker) return;
  const FleetReport& report = entry.circuit.report();
  std::vector<std::string> words = first_arguments(entry);
  const std::string seq = std::to_string(entry.circuit.vote_sent(at));
  for (std::string word :
       {name_, seq, std::string(1, static_cast<char>(report.vote)), std::to_string(report.calls),
        std::to_string(report.failures), milliseconds(options_.fresh), permille(options_.quorum),
        std::to_string(options_.min_votes), milliseconds(breaker->options().open_duration), channel_, name})
    words.push_back(std::move(word));
  run(fleet_scripts::vote(), name, entry, &Entry::asks_view, std::move(words), at);
}

void Fleet::Member::pull(const std::string& name, Entry& entry, TimePoint at) {
  std::vector<std::string> words = first_arguments(entry);
  words.emplace_back(is_watched(at) ? "1" : "0");
  run(fleet_scripts::pull(), name, entry, &Entry::asks_view, std::move(words), at);
}

void Fleet::Member::bid(const std::string& name, Entry& entry, TimePoint at) {
  entry.asks_probe = true;
  client_.run(fleet_scripts::acquire_probe(), entry.keys,
              {entry.circuit.incarnation(), std::to_string(entry.circuit.epoch()), name_,
               milliseconds(options_.probe)},
              [this, name, at, epoch = entry.circuit.epoch()](std::error_code error, const Reply& reply) {
                Entry* const asked = find(name);
                if (asked == nullptr) return;
                asked->asks_probe = false;
                if (!error) take_lease(name, epoch, reply, at);
              });
}

void Fleet::Member::tell_result(const std::string& name, Entry& entry, TimePoint at) {
  const auto breaker = entry.breaker.lock();
  if (!breaker) return;
  const FleetLease& lease = *entry.circuit.lease();
  const CircuitBreakerOptions& options = breaker->options();
  std::vector<std::string> words = first_arguments(entry);
  const char* said = "unused";
  if (lease.result == FleetLease::Result::ok) said = "ok";
  if (lease.result == FleetLease::Result::failed) said = "failed";
  for (std::string word :
       {lease.incarnation, std::to_string(lease.epoch), std::to_string(lease.fence), std::string(said),
        permille(options.backoff), milliseconds(options.max_open_duration), channel_, name})
    words.push_back(std::move(word));
  run(fleet_scripts::probe_result(), name, entry, &Entry::asks_result, std::move(words), at);
}

void Fleet::Member::tell_command(const std::string& name, Entry& entry, TimePoint at) {
  const FleetCommand& command = *entry.circuit.command();
  std::vector<std::string> words = first_arguments(entry);
  for (std::string word : {std::to_string(command.epoch), std::string(command.open ? "open" : "none"),
                           milliseconds(command.until - at), command.by, channel_, name})
    words.push_back(std::move(word));
  run(fleet_scripts::force(), name, entry, &Entry::asks_command, std::move(words), at);
}

void Fleet::Member::run(const Script& script, const std::string& name, Entry& entry, bool Entry::*flag,
                        std::vector<std::string> arguments, TimePoint at) {
  entry.*flag = true;
  client_.run(script, entry.keys, std::move(arguments),
              [this, name, flag, at](std::error_code error, const Reply& reply) {
                Entry* const asked = find(name);
                if (asked == nullptr) return;
                asked->*flag = false;
                if (error && flag == &Entry::asks_view) asked->circuit.vote_lost();
                if (!error) take_view(name, flag, reply, at);
              });
}

void Fleet::Member::take_view(const std::string& name, bool Entry::*asked, const Reply& reply,
                              TimePoint sent) {
  std::optional<FleetView> view = parse_view(reply);
  if (!view) {
    ++ignored_views_;
    if (reply.is_error("READONLY"))
      client_.reconnect();  // it was a master: its name may lead to another by now
    return;
  }
  Entry& entry = *find(name);
  if (!view->voters.empty() || !is_watched(now())) entry.voters = std::exchange(view->voters, {});
  if (asked == &Entry::asks_command) entry.circuit.command_told(*view);
  entry.circuit.on_view(*view, sent, now());
  if (asked == &Entry::asks_result) entry.circuit.result_told();
  const auto breaker = entry.breaker.lock();
  if (!breaker) return;
  entry.circuit.look(*breaker, now());
  ask(name, entry, Occasion::pulse, now());
}

void Fleet::Member::take_lease(const std::string& name, std::uint64_t epoch, const Reply& reply,
                               TimePoint sent) {
  Entry& entry = *find(name);
  const auto breaker = entry.breaker.lock();
  const bool granted = reply.items.size() == 3 && reply.items[0].integer == 1;
  if (!granted || !breaker || epoch != entry.circuit.epoch()) return entry.circuit.on_no_lease(now());
  const auto length = std::chrono::milliseconds{std::clamp<std::int64_t>(reply.items[2].integer, 0, 300'000)};
  entry.circuit.on_lease(static_cast<std::uint64_t>(reply.items[1].integer), length, sent, *breaker, now());
}

void Fleet::Member::join() {
  if (!client_.connected()) return;
  client_.run(fleet_scripts::join(), {"sg:" + options_.name_space + ":members"},
              {name_, milliseconds(options_.fresh)}, [this](std::error_code error, const Reply& reply) {
                if (!error && reply.kind == Reply::Kind::integer)
                  members_ = static_cast<std::uint64_t>(reply.integer);
              });
}

void Fleet::Member::hear(std::string_view message) {
  const std::size_t end = message.find('\n');
  Entry* const entry = find(message.substr(0, end));
  // A hint and no more: what the store says when it is asked counts.
  if (entry != nullptr && !entry->asks_view && client_.connected())
    pull(std::string(message.substr(0, end)), *entry, now());
}

Fleet::Member::Entry* Fleet::Member::find(std::string_view name) {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

bool Fleet::Member::command(std::string_view circuit, bool open, Duration length, std::string by) {
  if (!registry_.find(circuit) || (options_.shares && !options_.shares(circuit))) return false;
  const TimePoint until =
      saturating_add(now(), std::clamp<Duration>(length, Duration::zero(), std::chrono::hours{24 * 366}));
  asio::post(*context_, [this, name = std::string(circuit), open, until, by = std::move(by)]() mutable {
    follow_registry();
    Entry* const entry = find(name);
    if (entry == nullptr) return;
    entry->circuit.command(open, until, std::move(by));
    work(Occasion::news);
  });
  return true;
}

void Fleet::Member::publish(TimePoint at) {
  FleetStatus status;
  status.name_space = options_.name_space;
  status.member = name_;
  status.connected = client_.connected();
  status.trouble = client_.trouble();
  status.members = members_;
  status.commands = client_.counts();
  status.ignored_views = ignored_views_;
  for (const auto& [name, entry] : entries_) {
    const FleetCircuit& circuit = entry.circuit;
    FleetCircuitStatus& shown = status.circuits.emplace_back();
    shown.name = name;
    shown.fresh = circuit.fresh(at);
    shown.view = circuit.view();
    shown.view.voters = entry.voters;
    shown.open = shown.view.open;
    if (shown.open) shown.open_left = std::max(saturating_sub(circuit.open_until(), at), Duration::zero());
    shown.vote = circuit.report().vote;
    shown.calls = circuit.report().calls;
    shown.failures = circuit.report().failures;
    shown.dissents = circuit.report().dissents;
    shown.probes = circuit.lease().has_value();
    shown.forced_open = circuit.forced(at);
    if (shown.forced_open) {
      shown.forced_left = saturating_sub(circuit.command()->until, at);
      shown.forced_by = circuit.command()->by;
    }
    shown.command_on_its_way = circuit.wants_command(at);
  }
  const std::scoped_lock lock(mutex_);
  published_ = std::move(status);
}

FleetStatus Fleet::Member::status(FleetDetail detail) const {
  if (detail == FleetDetail::voters)
    watched_until_.store(ticks_of(now() + std::chrono::seconds{10}), std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  return published_;
}

Fleet::Fleet(BreakerRegistry& registry, FleetOptions options)
    : member_(std::make_unique<Member>(registry, std::move(options))) {}
Fleet::~Fleet() = default;

FleetStatus Fleet::status(FleetDetail detail) const { return member_->status(detail); }
bool Fleet::force_open(std::string_view circuit, Duration length, std::string by) {
  return member_->command(circuit, true, length, std::move(by));
}
bool Fleet::release(std::string_view circuit, std::string by) {
  constexpr std::chrono::hours remembered{24};  // longer than members that were away are likely to be
  return member_->command(circuit, false, remembered, std::move(by));
}

}  // namespace switchgear::redis
