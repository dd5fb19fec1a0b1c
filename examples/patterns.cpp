// Six mistakes in code that uses policies, each beside its cure, with what it costs. No service is called: a
// lambda stands for it, and time is moved by hand, so that the figures are the same each time.
#include <cstdio>
#include <stdexcept>
#include <string>

#include "switchgear/pipeline/classifier.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/testing/manual_time.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

constexpr int calls = 20;

CircuitBreakerOptions after_five() {
  CircuitBreakerOptions options;
  options.consecutive_failures = 5;
  options.open_duration = 30s;
  return options;
}

/// A service that is down, and counts who asks it all the same.
struct Down {
  std::string operator()() {
    ++asked;
    throw std::runtime_error("connection refused");
  }
  int asked = 0;
};

void show(const char* pattern, const char* what, int wrong, int right) {
  std::printf("%s: %s %d, and %d when done right\n", pattern, what, wrong, right);
}

/// Calls `once` as often as there are calls, whatever becomes of each.
template <class Once>
void many(Once once) {
  for (int i = 0; i < calls; ++i) {
    try {
      once();
    } catch (const std::exception&) {
    }
  }
}

/// A breaker remembers. One that is made for each call has nothing to remember.
void a_breaker_for_each_call() {
  testing::ManualTime time;
  Down wrong;
  many([&] {
    CircuitBreaker breaker{"stock", after_five()};
    (void)try_call(Pipeline{breaker}, CallOptions{}, wrong, time);
  });
  Down right;
  CircuitBreaker breaker{"stock", after_five()};  // lives as long as the program, and threads share it
  many([&] { (void)try_call(Pipeline{breaker}, CallOptions{}, right, time); });
  show("a breaker for each call", "calls that reached the dead service:", wrong.asked, right.asked);
}

/// What the guarded function makes good by itself is a success for its breaker.
void an_error_that_is_swallowed_inside() {
  testing::ManualTime time;
  Down wrong;
  CircuitBreaker deceived{"prices", after_five()};
  many([&] {
    (void)try_call(
        Pipeline{deceived}, CallOptions{},
        [&]() -> std::string {
          try {
            return wrong();
          } catch (const std::exception&) {
            return "last week's price";
          }
        },
        time);
  });
  Down right;
  CircuitBreaker breaker{"prices", after_five()};
  auto last_week = Fallback<std::string>::value("prices", "last week's price");
  const Pipeline pipeline{last_week, breaker};
  many([&] { (void)try_call(pipeline, CallOptions{}, right, time); });
  show("an error that is swallowed inside", "calls that reached the dead service:", wrong.asked, right.asked);
}

struct NotFound : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A caller's mistake says nothing of the service.
void the_callers_mistakes_count() {
  testing::ManualTime time;
  const auto mistaken = []() -> std::string { throw NotFound("no such user"); };
  const auto refused = [&](const auto& pipeline) {
    int count = 0;
    many([&] {
      const auto answer = try_call(
          pipeline, CallOptions{}, [] { return std::string{"Ada"}; }, time);
      count += answer.has_value() ? 0 : 1;
    });
    return count;
  };
  CircuitBreaker blamed{"users", after_five()};
  const Pipeline wrong{blamed};
  many([&] { (void)try_call(wrong, CallOptions{}, mistaken, time); });
  CircuitBreaker breaker{"users", after_five()};
  const auto fair = Classifier{}.ignoring<NotFound>();
  const Pipeline right{breaker};
  many([&] { (void)try_call(right.classified_by(fair), CallOptions{}, mistaken, time); });
  show("the caller's mistakes count", "good calls that were refused after 20 bad ones:", refused(wrong),
       refused(right));
}

/// Outside of the retry, a breaker sees one failure for all attempts, and cannot stop those that are left.
void a_breaker_around_the_retry() {
  testing::ManualTime time;
  const auto asked = [&](const auto& pipeline) {
    Down down;
    many([&] { (void)try_call(pipeline, CallOptions{}, down, time); });
    return down.asked;
  };
  CircuitBreaker around{"mail", after_five()};
  Retry outer{"mail", {.max_attempts = 4, .base = 1ms}};
  CircuitBreaker inside{"mail", after_five()};
  Retry inner{"mail", {.max_attempts = 4, .base = 1ms}};
  show("a breaker around the retry", "calls that reached the dead service:", asked(Pipeline{around, outer}),
       asked(Pipeline{inner, inside}));
}

/// A fallback that asks the same service fails with it, and doubles its load.
void a_fallback_on_the_same_service() {
  testing::ManualTime time;
  Down wrong;
  many([&] {
    auto ask_again = Fallback<std::string>::function("reviews", [&](const auto&) { return wrong(); });
    (void)try_call(Pipeline{ask_again}, CallOptions{}, wrong, time);
  });
  Down right;
  auto none = Fallback<std::string>::value("reviews", "no reviews now");
  many([&] { (void)try_call(Pipeline{none}, CallOptions{}, right, time); });
  show("a fallback on the same service", "calls that reached the dead service:", wrong.asked, right.asked);
}

/// An order is placed, and the answer is lost. A retry that knows nothing of it places another one.
void a_retry_of_what_must_not_happen_twice() {
  testing::ManualTime time;
  const auto orders_of = [&](const CallOptions& options) {
    int orders = 0;
    Retry retry{"orders", {.max_attempts = 3, .base = 1ms}};
    const auto place = [&]() -> std::string {
      ++orders;
      throw std::runtime_error("connection reset");
    };
    try {
      (void)try_call(Pipeline{retry}, options, place, time);
    } catch (const std::exception&) {
    }
    return orders;
  };
  show("a retry of what must not happen twice",
       "orders placed by one call:", orders_of({.repeatable = Repeatable::yes}),
       orders_of({.repeatable = Repeatable::no}));
}

}  // namespace

int main() {
  a_breaker_for_each_call();
  an_error_that_is_swallowed_inside();
  the_callers_mistakes_count();
  a_breaker_around_the_retry();
  a_fallback_on_the_same_service();
  a_retry_of_what_must_not_happen_twice();
  return 0;
}
