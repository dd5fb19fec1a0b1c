#include "switchgear/redis/fleet_member.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <charconv>
#include <random>
#include <utility>

#include "switchgear/policy/option_checker.hpp"
#include "switchgear/redis/fleet_scripts.hpp"

namespace switchgear::redis {

namespace asio = boost::asio;

namespace {

/// Enough to keep a Redis at work, and few enough that each is answered long before its time is over.
constexpr std::size_t most_in_flight = 64;
/// How long a process that leaves waits for its last words to be heard.
constexpr std::chrono::milliseconds farewell{200};

TimePoint now() noexcept { return std::chrono::steady_clock::now(); }

std::string milliseconds(Duration length) {
  return std::to_string(
      std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(length).count(), 1));
}

std::string decimal(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

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

FleetOptions checked(FleetOptions options) {
  require_valid("fleet", options.name_space, validate(options));
  options.redis.channels = {"sg:" + options.name_space + ":hints"};
  options.identity = (options.label.empty() ? host_name() : options.label) + "~" +
                     (options.identity.empty() ? random_name() : options.identity);
  return options;
}

}  // namespace

/// Rings when a breaker changes its state, so that the fleet hears of it at once. Any number of rings is one
/// message to the thread.
class FleetMember::Bell : public EventSink {
 public:
  using Ring = std::function<void(std::vector<std::string>)>;
  Bell(std::shared_ptr<asio::io_context> context, Ring ring)
      : context_(std::move(context)), ring_(std::move(ring)) {}

  void on_transition(const Transition& transition) override {
    {
      const std::scoped_lock lock(mutex_);
      circuits_.emplace_back(transition.breaker);
      if (circuits_.size() > 1) return;  // a message is on its way
    }
    asio::post(*context_, [this] {
      std::vector<std::string> circuits;
      {
        const std::scoped_lock lock(mutex_);
        circuits.swap(circuits_);
      }
      ring_(std::move(circuits));
    });
  }

 private:
  const std::shared_ptr<asio::io_context> context_;
  const Ring ring_;
  std::mutex mutex_;
  std::vector<std::string> circuits_;
};

FleetMember::FleetMember(BreakerRegistry& registry, FleetOptions options, FleetMemory memory)
    : registry_(registry),
      options_(checked(std::move(options))),
      run_(random_name()),
      channel_(options_.redis.channels.front()),
      members_key_("sg:" + options_.name_space + ":members"),
      random_((std::uint64_t{std::random_device{}()} << 32U) | std::random_device{}()),
      work_(context_->get_executor()),
      pulse_(*context_),
      client_(context_->get_executor(), options_.redis, random_.next()),
      memory_(std::move(memory)),
      bell_(std::make_shared<Bell>(
          context_, [this](const std::vector<std::string>& circuits) { hear_news(circuits); })) {
  published_.name_space = options_.name_space;
  published_.member = options_.identity;
  start();
}

void FleetMember::start() {
  asio::post(*context_, [this] {
    client_.start([this] { report(now()); },
                  [this](std::string_view, std::string_view message) { hear(message); });
    report(now());
    pulse_later();
  });
  registry_.events().subscribe(bell_);
  thread_ = std::thread([this] { context_->run(); });
}

FleetMember::~FleetMember() { stop(Stay::leaves); }

FleetMemory FleetMember::hand_over() {
  stop(Stay::hands_over);
  return std::move(memory_);
}

void FleetMember::stop(Stay stay) {
  if (!thread_.joinable()) return;
  stopped_ = true;
  registry_.events().unsubscribe(bell_);
  asio::post(*context_, [this, stay] {
    left_ = true;
    queue_.clear();
    memory_ = {};
    for (auto& [name, entry] : entries_) leave(name, entry, stay);
    pulse_.expires_after(farewell);
    pulse_.async_wait([this](boost::system::error_code) { context_->stop(); });
    send_withdrawals();
  });
  thread_.join();
  client_.close();
}

void FleetMember::pulse_later() {
  // Where a look at all circuits takes long, it is taken less often.
  const Duration usual = std::min<Duration>(options_.interval / 4, std::chrono::milliseconds{100});
  pulse_.expires_after(std::clamp<Duration>(10 * pulse_length_, usual, options_.interval));
  pulse_.async_wait([this](boost::system::error_code error) {
    if (error || left_) return;
    pulse();
    pulse_later();
  });
}

void FleetMember::pulse() {
  const TimePoint began = now();
  if (began >= next_report_) {
    report(began);
  } else {
    for (auto& [name, entry] : entries_) {
      if (!entry.circuit.busy(began)) continue;
      const auto breaker = entry.breaker.lock();
      if (!breaker) continue;
      entry.circuit.look(*breaker, began);
      if (entry.circuit.wants_anything(began)) queue_.add_first(name, FleetDue::says, now());
      unpublished_ = true;
    }
    serve_queue();
  }
  pulse_length_ = now() - began;
  publish(began);
}

void FleetMember::report(TimePoint at) {
  follow_registry();
  round_ = std::exchange(longest_wait_, Duration::zero());
  for (const auto& [name, entry] : entries_) queue_.add(name, FleetDue::hears, at);
  next_report_ = at + uniform_between(random_, options_.interval * 4 / 5, options_.interval * 6 / 5);
  join();
  unpublished_ = true;
  serve_queue();
}

void FleetMember::hear_news(const std::vector<std::string>& circuits) {
  if (left_) return;
  for (const std::string& name : circuits) {
    if (find(name) != nullptr) queue_.add_first(name, FleetDue::says, now());
  }
  unpublished_ = true;
  serve_queue();
}

void FleetMember::serve_queue() {
  if (left_ || !withdrawn_.empty()) send_withdrawals();
  while (in_flight_ < most_in_flight && !left_) {
    const auto next = queue_.next();
    if (!next) break;
    const auto found = entries_.find(next->circuit);
    if (found == entries_.end()) continue;
    const auto breaker = found->second.breaker.lock();
    if (!breaker) continue;
    const TimePoint at = now();
    found->second.circuit.look(*breaker, at);
    ask(found->first, found->second, next->due, at);
    longest_wait_ = std::max(longest_wait_, at - next->since);
  }
  publish(now());
}

void FleetMember::follow_registry() {
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
    FleetCircuitMemory remembered;
    if (auto before = memory_.circuits.extract(name)) remembered = std::move(before.mapped());
    kept.emplace(name, Entry{FleetCircuit(options_, random_.next(), std::move(remembered)),
                             breaker,
                             {slot + ":fleet", slot + ":votes"}});
  }
  for (auto& [name, gone] : entries_) leave(name, gone, Stay::leaves);
  entries_ = std::move(kept);
}

void FleetMember::leave(const std::string& name, Entry& entry, Stay stay) {
  if (const auto breaker = entry.breaker.lock()) {
    if (stay == Stay::leaves) {
      entry.circuit.leave(*breaker, now());
    } else {
      memory_.circuits.emplace(name, entry.circuit.hand_over(*breaker));
    }
  }
  withdraw(entry);
}

/// A vote that stayed would count beside that of the process that comes in this one's place.
void FleetMember::withdraw(Entry& entry) {
  if (std::exchange(entry.has_voted, false)) withdrawn_.push_back(entry.keys);
}

void FleetMember::send_withdrawals() {
  while (in_flight_ < most_in_flight && !withdrawn_.empty()) {
    std::vector<std::string> keys = std::move(withdrawn_.back());
    withdrawn_.pop_back();
    ++in_flight_;
    client_.run(fleet_scripts::leave(), std::move(keys), {options_.identity, run_},
                [this](std::error_code, const Reply&) {
                  --in_flight_;
                  serve_queue();
                });
  }
  if (!left_ || in_flight_ > 0 || !withdrawn_.empty()) return;
  client_.send(redis::command({"ZREM", members_key_, options_.identity}),
               [this](std::error_code, const Reply&) { context_->stop(); });
}

void FleetMember::ask(const std::string& name, Entry& entry, FleetDue due, TimePoint at) {
  if (!client_.connected()) return;
  FleetCircuit& circuit = entry.circuit;
  if (circuit.wants_result() && !entry.asks_result) tell_result(name, entry, at);
  const bool commands = circuit.wants_command(at);
  if (commands && circuit.fresh(at) && !entry.asks_command) tell_command(name, entry, at);
  if ((circuit.wants_probe(at) || circuit.wants_to_keep_lease(at)) && !entry.asks_probe) bid(name, entry, at);
  if (entry.asks_view) return;
  if (circuit.wants_vote(at)) {
    entry.owes_pull = due == FleetDue::hears && is_watched(at);  // which alone brings the votes of the others
    vote(name, entry, at);
  } else if (due == FleetDue::hears || (commands && !circuit.fresh(at))) {
    pull(name, entry, at);
  }
}

std::vector<std::string> FleetMember::first_arguments(const Entry& entry) {
  return {std::to_string(random_.next()), std::to_string(entry.circuit.epoch())};
}

void FleetMember::vote(const std::string& name, Entry& entry, TimePoint at) {
  const auto breaker = entry.breaker.lock();
  if (!breaker) return;
  const FleetReport& report = entry.circuit.report();
  std::vector<std::string> words = first_arguments(entry);
  const std::string seq = std::to_string(entry.circuit.vote_sent(at));
  for (std::string word :
       {options_.identity, run_, seq, std::string(1, static_cast<char>(report.vote)),
        std::to_string(report.calls), std::to_string(report.failures), milliseconds(options_.fresh),
        fleet_scripts::parts_of(options_.quorum), std::to_string(options_.min_votes),
        milliseconds(breaker->options().open_duration), channel_, name})
    words.push_back(std::move(word));
  entry.has_voted = true;
  run(fleet_scripts::vote(), name, entry, &Entry::asks_view, std::move(words), at);
}

void FleetMember::pull(const std::string& name, Entry& entry, TimePoint at) {
  std::vector<std::string> words = first_arguments(entry);
  words.emplace_back(is_watched(at) ? "1" : "0");
  run(fleet_scripts::pull(), name, entry, &Entry::asks_view, std::move(words), at);
}

void FleetMember::bid(const std::string& name, Entry& entry, TimePoint at) {
  const auto breaker = entry.breaker.lock();
  if (!breaker) return;
  const CircuitBreakerOptions& options = breaker->options();
  entry.asks_probe = true;
  send(fleet_scripts::acquire_probe(), entry,
       {entry.circuit.incarnation(), std::to_string(entry.circuit.epoch()), options_.identity,
        milliseconds(options_.probe), milliseconds(entry.circuit.probe_gap(at)),
        milliseconds(std::max(options.open_duration, options.max_open_duration))},
       [this, name, at, epoch = entry.circuit.epoch()](std::error_code error, const Reply& reply) {
         Entry* const asked = find(name);
         if (asked == nullptr) return;
         asked->asks_probe = false;
         if (!error) take_lease(name, epoch, reply, at);
       });
}

void FleetMember::tell_result(const std::string& name, Entry& entry, TimePoint at) {
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
        decimal(options.backoff), milliseconds(options.max_open_duration), channel_, name})
    words.push_back(std::move(word));
  run(fleet_scripts::probe_result(), name, entry, &Entry::asks_result, std::move(words), at);
}

void FleetMember::tell_command(const std::string& name, Entry& entry, TimePoint at) {
  const FleetCommand& command = *entry.circuit.command();
  std::vector<std::string> words = first_arguments(entry);
  const FleetClock clock = entry.circuit.store_clock(at);
  const bool is_new = command.epoch == 0;
  for (std::string word :
       {std::to_string(command.epoch), std::to_string(command.base),
        is_new ? milliseconds(at - command.given) : std::string("0"),
        std::string(command.open ? "open" : "none"), milliseconds(command.until - at), command.by,
        std::to_string(clock.now.count()), std::to_string(clock.within.count()), channel_, name})
    words.push_back(std::move(word));
  entry.asks_command = true;
  send(fleet_scripts::force(), entry, std::move(words),
       [this, name, at, order = command.order](std::error_code error, const Reply& reply) {
         Entry* const asked = find(name);
         if (asked == nullptr) return;
         asked->asks_command = false;
         if (error) return;
         if (parse_view(reply)) asked->circuit.command_told(order);
         take_view(name, &Entry::asks_command, reply, at);
       });
}

void FleetMember::send(const Script& script, const Entry& entry, std::vector<std::string> arguments,
                       Done done) {
  ++in_flight_;
  client_.run(script, entry.keys, std::move(arguments),
              [this, done = std::move(done)](std::error_code error, const Reply& reply) {
                --in_flight_;
                if (!left_) done(error, reply);
                serve_queue();
              });
}

void FleetMember::run(const Script& script, const std::string& name, Entry& entry, bool Entry::*flag,
                      std::vector<std::string> arguments, TimePoint at) {
  entry.*flag = true;
  send(script, entry, std::move(arguments),
       [this, name, flag, at](std::error_code error, const Reply& reply) {
         Entry* const asked = find(name);
         if (asked == nullptr) return;
         asked->*flag = false;
         if (error && flag == &Entry::asks_view) asked->circuit.vote_lost();
         if (!error) take_view(name, flag, reply, at);
       });
}

void FleetMember::take_view(const std::string& name, bool Entry::*asked, const Reply& reply, TimePoint sent) {
  Entry& entry = *find(name);
  std::optional<FleetView> view = parse_view(reply);
  if (!view) {
    ++ignored_views_;
    entry.trouble = reply.is_error() ? reply.text : "the reply is not what this version's scripts answer";
    if (reply.is_error("READONLY"))
      client_.reconnect();  // it was a master: its name may lead to another by now
    return;
  }
  entry.trouble.clear();
  if (!view->voters.empty() || !is_watched(now())) entry.voters = std::exchange(view->voters, {});
  entry.circuit.on_view(*view, sent, now());
  if (asked == &Entry::asks_result) entry.circuit.result_told();
  const auto breaker = entry.breaker.lock();
  if (!breaker) return;
  entry.circuit.look(*breaker, now());
  unpublished_ = true;
  ask(name, entry, std::exchange(entry.owes_pull, false) ? FleetDue::hears : FleetDue::says, now());
}

void FleetMember::take_lease(const std::string& name, std::uint64_t epoch, const Reply& reply,
                             TimePoint sent) {
  Entry& entry = *find(name);
  const auto breaker = entry.breaker.lock();
  const bool granted = reply.items.size() == 3 && reply.items[0].integer == 1;
  if (!granted || !breaker || epoch != entry.circuit.epoch()) return entry.circuit.on_no_lease(now());
  const auto length = std::chrono::milliseconds{std::clamp<std::int64_t>(reply.items[2].integer, 0, 300'000)};
  entry.circuit.on_lease(static_cast<std::uint64_t>(reply.items[1].integer), length, sent, *breaker, now());
}

void FleetMember::join() {
  if (!client_.connected()) return;
  client_.run(fleet_scripts::join(), {members_key_}, {options_.identity, milliseconds(options_.fresh)},
              [this](std::error_code error, const Reply& reply) {
                if (error) return;
                trouble_ = reply.is_error() ? reply.text : std::string{};
                if (reply.kind == Reply::Kind::integer) members_ = static_cast<std::uint64_t>(reply.integer);
              });
}

void FleetMember::hear(std::string_view message) {
  const std::string name{message.substr(0, message.find('\n'))};
  // A hint and no more: what the store says when it is asked counts.
  if (left_ || find(name) == nullptr) return;
  queue_.add_first(name, FleetDue::hears, now());
  serve_queue();
}

FleetMember::Entry* FleetMember::find(std::string_view name) {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

bool FleetMember::command(std::string_view circuit, bool open, Duration length, std::string by) {
  if (stopped_ || !registry_.find(circuit) || (options_.shares && !options_.shares(circuit))) return false;
  const TimePoint until =
      saturating_add(now(), std::clamp<Duration>(length, Duration::zero(), std::chrono::hours{24 * 366}));
  asio::post(*context_, [this, name = std::string(circuit), open, until, by = std::move(by)]() mutable {
    if (left_) return;
    if (find(name) == nullptr) follow_registry();
    Entry* const entry = find(name);
    if (entry == nullptr) return;
    entry->circuit.command(open, until, std::move(by), now());
    hear_news({name});
    if (const auto breaker = entry->breaker.lock()) entry->circuit.look(*breaker, now());  // whatever waits
  });
  return true;
}

}  // namespace switchgear::redis
