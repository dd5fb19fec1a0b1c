// Right uses of the blocking driver and, one at a time, wrong ones: see CMakeLists.txt.
#include <coroutine>
#include <future>
#include <memory>
#include <optional>
#include <string>

#include "switchgear/core/outcome.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/sync/partial.hpp"

namespace {

using namespace switchgear;

struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void unhandled_exception() {}
    void return_void() {}
  };
};
struct Awaitable {
  auto operator co_await() && { return std::suspend_always{}; }
};
struct ImmovableTask : Task {
  ImmovableTask() = default;
  ImmovableTask(ImmovableTask&&) = delete;
};
struct StrangersFuture {
  template <class Length>
  bool wait_for(Length);
  int get();
};
/// Awaitable, but an answer, because it has an outcome_of().
struct Answer : Awaitable {
  friend Outcome outcome_of(const Answer&, Duration latency) { return Outcome::success(latency); }
};

Task charge(int cents);
std::future<int> charge_later(int cents);
std::shared_future<int>& charge_of_all();
int charge_now(int cents);

[[maybe_unused]] void use(CircuitBreaker& breaker, [[maybe_unused]] Hedge& hedge) {
  const Pipeline pipeline{breaker};
#if defined(CALL_OF_A_COROUTINE)
  call(pipeline, [] { return charge(1); });
#elif defined(TRY_CALL_OF_A_COROUTINE)
  (void)try_call(breaker, [](const Attempt&) { return charge(1); });
#elif defined(GUARD_OF_A_COROUTINE)
  const auto guarded = guard(pipeline, charge);
#elif defined(GUARDED_GENERIC_COROUTINE)
  guard(breaker, [](auto cents) { return charge(cents); })(1);
#elif defined(CALL_OF_AN_AWAITABLE)
  call(breaker, [] { return Awaitable{}; });
#elif defined(CALL_OF_AN_IMMOVABLE_TASK)
  call(breaker, [] { return ImmovableTask{}; });
#elif defined(CALL_OF_A_FUTURE)
  call(breaker, [] { return charge_later(1); });
#elif defined(TRY_CALL_OF_A_SHARED_FUTURE)
  (void)try_call(pipeline, charge_of_all);
#elif defined(GUARD_OF_A_FUTURE)
  const auto guarded = guard(breaker, charge_later);
#elif defined(CALL_OF_A_STRANGERS_FUTURE)
  call(breaker, [] { return StrangersFuture{}; });
#elif defined(BATCH_OF_FUTURES)
  (void)call_partial(pipeline, 2, 0.5, [](std::uint32_t i) { return charge_later(static_cast<int>(i)); });
#elif defined(PIPELINE_OF_A_SMART_POINTER)
  const auto shared = std::make_shared<Timeout>("t", Duration{1});
  call(Pipeline{shared}, [] { return 1; });
#elif defined(PIPELINE_OF_A_NUMBER)
  const int limit = 3;
  call(Pipeline{limit}, [] { return 1; });
#elif defined(PIPELINE_OF_A_TEMPORARY)
  const Pipeline dangling{Timeout{"t", Duration{1}}};
#elif defined(PIPELINE_OF_A_MOVED_POLICY)
  const Pipeline dangling{std::move(breaker)};
#elif defined(PIPELINE_OF_A_CONST_POLICY)
  const CircuitBreaker& looked_at = breaker;
  call(Pipeline{looked_at}, [] { return 1; });
#elif defined(CALL_WITH_A_HEDGE)
  call(Pipeline{hedge, breaker}, [] { return 1; });
#else
  call(breaker, [] { return charge_later(1).get(); });
  call(breaker, [] { charge_of_all().wait(); });
  (void)try_call(breaker, [] { return Answer{}; });
  (void)try_call(breaker, [] { return std::optional<int>{}; });
  guard(breaker, charge_now)(1);
  guard(breaker, [owned = std::make_unique<int>(1)](int cents) mutable { return *owned += cents; })(1);
  guard(breaker, [](const Attempt&, auto cents) { return cents; })(1);
  const std::string text;
  guard(breaker, &std::string::empty)(text);
#endif
}

}  // namespace
