// Two steps: for code that fits neither call() nor async_call(), such as an event loop of its own.
//
// One thread has several requests under way at once and polls their sockets. It acquires an admission before
// it sends, and records the outcome when the reply has come, or when its time is over. Nothing waits: what a
// bulkhead would have queued is refused. An admission that is dropped unrecorded gives everything back.
#include <poll.h>

#include <algorithm>
#include <cstdio>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "examples/tiny_http.hpp"
#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/pipeline/two_step.hpp"
#include "switchgear/sync/clocks.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

using Guard = Pipeline<Bulkhead, CircuitBreaker, Timeout>;

/// A request under way. An admission is neither copied nor moved, so it is made in the place where it stays.
struct UnderWay {
  UnderWay(const Guard& guard, std::string item, TimePoint now)
      : path(std::move(item)), started(now), admission(guard, now, TimePoint::max()) {}

  std::string path;
  TimePoint started;
  Admission<Bulkhead, CircuitBreaker, Timeout> admission;
  std::optional<example::Exchange> exchange{};
};

class Loop {
 public:
  Loop(const Guard& guard, std::uint16_t port) : guard_(guard), port_(port) {}

  void start(const std::string& path) {
    const TimePoint now = SteadyTime::now();
    UnderWay& begun = under_way_.emplace_back(guard_, path, now);
    if (begun.admission) {
      begun.exchange.emplace(port_, path, "");
      return;
    }
    ended_[path] = "refused: " + to_string(begun.admission.rejection());
    under_way_.pop_back();
  }

  /// Until nothing is under way any more.
  void run() {
    while (!under_way_.empty()) {
      wait();
      under_way_.remove_if([this](UnderWay& each) { return over(each, SteadyTime::now()); });
    }
  }

  [[nodiscard]] const std::map<std::string, std::string>& ended() const noexcept { return ended_; }

 private:
  /// For a reply, or for the next deadline.
  void wait() const {
    std::vector<pollfd> sockets;
    TimePoint next = TimePoint::max();
    for (const UnderWay& each : under_way_) {
      sockets.push_back({each.exchange->descriptor(), POLLIN, 0});
      next = std::min(next, each.admission.deadline());
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - SteadyTime::now());
    ::poll(sockets.data(), sockets.size(), static_cast<int>(std::max(left, 0ms).count()));
  }

  bool over(UnderWay& each, TimePoint now) {
    const Duration latency = now - each.started;
    if (now >= each.admission.deadline()) {
      each.admission.record(Outcome::failure(FailureType::timeout, latency), now);
      ended_[each.path] = "timed out";
      return true;  // closes its socket
    }
    pollfd socket{each.exchange->descriptor(), POLLIN, 0};
    if (::poll(&socket, 1, 0) == 0) return false;
    const auto reply = each.exchange->on_readable();
    if (!reply) return false;
    each.admission.record(outcome_of(*reply, latency), now);
    ended_[each.path] = std::to_string(reply->status) + " " + reply->body;
    return true;
  }

  const Guard& guard_;
  const std::uint16_t port_;
  std::list<UnderWay> under_way_;
  std::map<std::string, std::string> ended_;
};

}  // namespace

int main() {
  example::Server stock{[](const std::string& path, const std::string&) {
    if (path == "/pears") return example::Reply{0, ""};  // hangs
    if (path == "/plums") return example::Reply{503, "out of order"};
    return example::Reply{200, "7"};
  }};

  CircuitBreakerOptions options;
  options.failure_rate = 0.5;
  CircuitBreaker breaker{"stock", options};
  Bulkhead bulkhead{"stock", {.max_concurrent = 4, .max_queue = 10, .max_wait = 1s}};
  Timeout timeout{"stock", 2s};
  const Pipeline guard{bulkhead, breaker, timeout};

  Loop loop{guard, stock.port()};
  for (const char* path : {"/apples", "/grapes", "/pears", "/plums", "/quinces"}) loop.start(path);
  loop.run();
  for (const auto& [path, end] : loop.ended()) std::printf("%s: %s\n", path.c_str(), end.c_str());

  const CallTotals totals = breaker.snapshot(SteadyTime::now()).totals;
  std::printf("successes: %d, failures: %d, slots in use: %u\n", static_cast<int>(totals.successes),
              static_cast<int>(totals.failures), bulkhead.snapshot().in_use);
  return loop.ended().size() == 5 && totals.successes == 2 && totals.failures == 2 ? 0 : 1;
}
