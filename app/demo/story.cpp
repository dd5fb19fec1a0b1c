#include "app/demo/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace switchgear::demo {
namespace {

using std::chrono::milliseconds;

/// Thrown through a round by until() and pause(), caught by tell_round().
struct Stopped {};
struct Missed {};

std::string human(std::chrono::nanoseconds length) {
  const double microseconds = static_cast<double>(length.count()) / 1000;
  if (microseconds < 1000) return fmt::format("{:.0f} µs", microseconds);
  if (microseconds < 100'000) return fmt::format("{:.1f} ms", microseconds / 1000);
  return fmt::format("{:.0f} ms", microseconds / 1000);
}

std::string in_words(const Fault& fault) {
  switch (fault.mode) {
    case FaultMode::errors:
      return fmt::format("answers 500 after {} ms", fault.delay.count());
    case FaultMode::latency:
      return fmt::format("answers after {} ms", fault.delay.count());
    case FaultMode::hang:
      return "takes requests and never answers";
    case FaultMode::refuse:
      return "refuses connections";
    case FaultMode::reset:
      return "resets every connection";
    case FaultMode::none:
      break;
  }
  return "is well";
}

milliseconds part(milliseconds whole, double share) {
  return milliseconds{static_cast<milliseconds::rep>(static_cast<double>(whole.count()) * share)};
}

}  // namespace

Pace::Pace(milliseconds whole_round)
    : whole(whole_round),
      normal(part(whole, 0.15)),
      open_duration(part(whole, 0.25)),
      probe_interval(part(whole, 0.02)),
      patience(part(whole, 0.25)) {}

Story::Story(Shop& shop, Load& load, Teller& teller, stage::StopSignal& stop, const Pace& pace)
    : shop_(shop), load_(load), teller_(teller), stop_(stop), pace_(pace) {}

Ending Story::tell_round(const Fault& fault) {
  restarts_ = shop_.restarts();
  try {
    normal();
    fails(fault);
    opens();
    shields();
    heals();
    probes_pass();
    closes();
    normal_again();
    return Ending::held;
  } catch (const Stopped&) {
    return Ending::stopped;
  } catch (const Missed&) {
    shop_.heal();
    return Ending::missed;
  }
}

Ending Story::linger(Clock::time_point end) {
  try {
    pause(std::chrono::duration_cast<milliseconds>(end - Clock::now()));
    return Ending::held;
  } catch (const Stopped&) {
    return Ending::stopped;
  }
}

void Story::normal() {
  const auto since = Clock::now();
  pause(pace_.normal);
  until("normal", pace_.patience, [&] {
    for (const Asked what : {Asked::orders, Asked::users}) {
      if (load_.feeling(what, Kind::answered, since).calls < 20) return false;
    }
    return shop_.breaker().state == "closed";
  });
  const std::size_t calls =
      load_.calls(Asked::orders, since).size() + load_.calls(Asked::users, since).size();
  const double seconds = std::chrono::duration<double>(Clock::now() - since).count();
  const Feeling felt = load_.feeling(Asked::orders, Kind::answered, since);
  teller_.tell(Mood::good, "normal",
               fmt::format("{:.0f} calls/s; orders are confirmed in {} (p50), {} (p99), users found in {}",
                           static_cast<double>(calls) / seconds, human(felt.p50), human(felt.p99),
                           human(load_.feeling(Asked::users, Kind::answered, since).p50)));
}

Feeling Story::hurt(Clock::time_point since) const {
  if (fault_.mode != FaultMode::latency) return load_.feeling(Asked::orders, Kind::failed, since);
  Feeling late = load_.feeling(Asked::orders, Kind::answered, since);
  if (late.p50 < fault_.delay) late.calls = 0;
  return late;
}

void Story::fails(const Fault& fault) {
  fault_ = fault;
  before_ = breaker();
  failing_since_ = Clock::now();
  set_fault(fault);
  until("fault", pace_.patience, [&] { return hurt(failing_since_).calls >= 3; });
  teller_.tell(Mood::bad, "fault",
               fmt::format("payment {}; callers wait {} (p50) for that", in_words(fault),
                           human(hurt(failing_since_).p50)));
}

void Story::opens() {
  SeenBreaker seen;
  until("open", pace_.patience, [&] {
    seen = shop_.breaker();
    return seen.generation > before_.generation && seen.state == "open" && seen.last &&
           seen.last->to == "open";
  });
  open_since_ = Clock::now();
  hurt_ = hurt(failing_since_);
  const SeenTransition& why = *seen.last;
  teller_.tell(
      Mood::bad, "open",
      fmt::format(
          "breaker 'payment' opened: {} {:.2f} reached {:.2f} ({} of the last {} calls failed, {} slow), "
          "{:.1f} s after the fault began",
          why.rule, why.value, why.threshold, why.window_failures, why.window_calls, why.window_slow,
          std::chrono::duration<double>(open_since_ - failing_since_).count()));
}

void Story::shields() {
  // A request admitted just before the opening may still be on its way to payment: on a busy machine, for a
  // while.
  for (std::uint64_t before = ~std::uint64_t{0}; before != arrived_open_;) {
    before = std::exchange(arrived_open_, arrived());
    pause(milliseconds{50});
  }
  const auto since = Clock::now();
  pause(part(pace_.open_duration, 0.55));
  until("shielded", part(pace_.open_duration, 0.2),
        [&] { return load_.feeling(Asked::orders, Kind::refused, since).calls >= 10; });
  const std::uint64_t all = arrived();
  if (all < arrived_open_) miss("shielded: what reached payment was not counted to the end");
  if (all > arrived_open_)
    miss(fmt::format("shielded: {} requests reached payment all the same", all - arrived_open_));
  const Feeling felt = load_.feeling(Asked::orders, Kind::refused, since);
  teller_.tell(
      Mood::waiting, "shielded",
      fmt::format("orders get their answer in {} (p50) instead of {}; {} calls refused so far, 0 of them "
                  "reached payment; users are found in {}",
                  human(felt.p50), human(hurt_.p50), refused(breaker()),
                  human(load_.feeling(Asked::users, Kind::answered, since).p50)));
}

void Story::heals() {
  set_fault(Fault{});
  const SeenBreaker seen = breaker();
  const std::string left = seen.retry_after
                               ? fmt::format("; the breaker asks again in {:.1f} s", *seen.retry_after)
                               : std::string{};
  teller_.tell(Mood::plain, "heal", "payment is well again" + left);
}

void Story::probes_pass() {
  SeenBreaker seen;
  until("half_open", pace_.open_duration + pace_.patience, [&] {
    seen = shop_.breaker();
    return seen.half_opened > before_.half_opened;
  });
  teller_.tell(
      Mood::waiting, "half_open",
      fmt::format(
          "{:.1f} s after opening, {} probes may ask payment, one at a time; the rest is still refused",
          std::chrono::duration<double>(Clock::now() - open_since_).count(), probes));
}

void Story::closes() {
  SeenBreaker seen;
  until("closed", pace_.probe_interval * probes + pace_.patience, [&] {
    seen = shop_.breaker();
    return seen.closed > before_.closed && seen.state == "closed" && seen.last &&
           seen.last->rule == "recovered";
  });
  closed_since_ = Clock::now();
  teller_.tell(
      Mood::good, "closed",
      fmt::format("breaker 'payment' recovered: {:.0f}% of the probes failed; {} calls were refused in all",
                  seen.last->value * 100, refused(seen)));
}

void Story::normal_again() {
  until("normal", pace_.patience,
        [&] { return load_.feeling(Asked::orders, Kind::answered, closed_since_).calls >= 20; });
  const Feeling felt = load_.feeling(Asked::orders, Kind::answered, closed_since_);
  teller_.tell(
      Mood::good, "normal",
      fmt::format("orders are confirmed in {} (p50), {} (p99) again", human(felt.p50), human(felt.p99)));
}

void Story::until(const std::string& step, milliseconds patience, const std::function<bool()>& observed) {
  const auto deadline = Clock::now() + patience;
  for (;;) {
    std::string why;
    try {
      if (observed()) return;
    } catch (const NoAnswer& none) {
      why = std::string(": ") + none.what();
    }
    if (Clock::now() >= deadline)
      miss(fmt::format("{} was not observed within {} ms{}", step, patience.count(), why));
    pause(milliseconds{20});
  }
}

void Story::miss(std::string text) {
  if (shop_.restarts() != restarts_)
    text += "; a process was started again meanwhile, and what it had counted was lost";
  teller_.tell(Mood::bad, "missed", text);
  throw Missed{};
}

SeenBreaker Story::breaker() {
  SeenBreaker seen;
  until("the state of breaker 'payment'", pace_.patience, [&] {
    seen = shop_.breaker();
    return true;
  });
  return seen;
}

std::uint64_t Story::arrived() {
  std::uint64_t count = 0;
  until("payment's count of requests", pace_.patience, [&] {
    count = shop_.arrived();
    return true;
  });
  return count;
}

void Story::set_fault(const Fault& fault) {
  until("the change of payment", pace_.patience, [&] {
    shop_.set_fault(fault);
    return true;
  });
}

std::uint64_t Story::refused(const SeenBreaker& seen) const {
  return seen.rejected - std::min(seen.rejected, before_.rejected);
}

void Story::pause(milliseconds length) {
  const auto end = Clock::now() + length;
  do {
    for (const shop::Happened& each : shop_.keep_running()) {
      teller_.say(each.who, each.what);
      if (each.who == "shop") before_ = {};
    }
    look();
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
    if (stop_.wait_for(std::clamp(left, milliseconds{0}, milliseconds{100}))) throw Stopped{};
  } while (Clock::now() < end);
}

/// Of the last second: how the last call ended, and how long such calls took.
std::string Story::felt_now(Asked what) const {
  const auto recent = Clock::now() - std::chrono::seconds{1};
  const auto calls = load_.calls(what, recent);
  if (calls.empty()) return {};
  const Kind kind = kind_of(calls.back());
  const char* const word = kind == Kind::answered ? "ok" : kind == Kind::refused ? "refused" : "failed";
  return fmt::format("{} {}", word, human(load_.feeling(what, kind, recent).p50));
}

void Story::look() {
  const auto now = Clock::now();
  if (!teller_.live() || now - looked_ < milliseconds{100}) return;
  looked_ = now;
  std::vector<SeenBreaker> all;
  try {
    all = shop_.breakers();
  } catch (const NoAnswer&) {
    return;  // the shop is starting again
  }
  std::vector<ServiceLine> lines;
  for (const SeenBreaker& seen : all) {
    std::string felt;
    if (seen.name == "payment") felt = "orders " + felt_now(Asked::orders);
    if (seen.name == "database") felt = "users " + felt_now(Asked::users);
    lines.push_back(
        {seen.name, seen.state, seen.failure_rate, seen.calls_per_second, seen.rejected, std::move(felt)});
  }
  teller_.show(lines);
}

}  // namespace switchgear::demo
