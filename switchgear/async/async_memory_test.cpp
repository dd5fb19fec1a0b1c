// What an awaited call allocates.
#include <gtest/gtest.h>

#include <malloc.h>

#include <atomic>
#include <boost/asio/bind_allocator.hpp>
#include <cstdlib>
#include <new>

#include "switchgear/async/async_call.hpp"
#include "switchgear/async/async_fixture.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SWITCHGEAR_HEAP_IS_WATCHED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SWITCHGEAR_HEAP_IS_WATCHED
#endif
#endif

namespace {
std::atomic<long> heap_uses{0};
void* counted(std::size_t size) {
  heap_uses.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* counted(std::size_t size, std::align_val_t align) {
  heap_uses.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = ::memalign(static_cast<std::size_t>(align), size)) return memory;
  throw std::bad_alloc();
}
}  // namespace

#if !defined(SWITCHGEAR_HEAP_IS_WATCHED)
// Asio's own caches are filled by this, past operator new. A sanitizer has one of its own, and counts less.
extern "C" void* aligned_alloc(std::size_t align, std::size_t size) noexcept {
  heap_uses.fetch_add(1, std::memory_order_relaxed);
  return ::memalign(align, size);
}
#endif

void* operator new(std::size_t size) { return counted(size); }
void* operator new(std::size_t size, std::align_val_t align) { return counted(size, align); }
// Left out, a sanitizer's own would stand in, and find its memory given to another's delete.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  heap_uses.fetch_add(1, std::memory_order_relaxed);
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace switchgear {
namespace {

using namespace std::chrono_literals;
using namespace switchgear::testing;

/// Counts what goes through it, and what has not come back.
struct Ledger {
  int taken = 0;
  int held = 0;
};
template <class T>
class CountingAllocator {
 public:
  using value_type = T;

  explicit CountingAllocator(Ledger& ledger) : ledger_(&ledger) {}
  template <class Other>
  CountingAllocator(const CountingAllocator<Other>& other) : ledger_(other.ledger_) {}  // NOLINT

  T* allocate(std::size_t count) {
    ++ledger_->taken;
    ++ledger_->held;
    return std::allocator<T>().allocate(count);
  }
  void deallocate(T* memory, std::size_t count) {
    --ledger_->held;
    std::allocator<T>().deallocate(memory, count);
  }
  friend bool operator==(const CountingAllocator&, const CountingAllocator&) = default;

 private:
  template <class Other>
  friend class CountingAllocator;
  Ledger* ledger_;
};

struct Policies {
  CircuitBreaker breaker{"payment", opens_after(5)};
  Bulkhead bulkhead{"payment", {.max_concurrent = 10}};
  Retry retry{"payment", {}};
  Deadline deadline{"payment", 10s};
  Pipeline<Retry, CircuitBreaker, Bulkhead> without_timer{retry, breaker, bulkhead};
  Pipeline<Deadline, Retry, CircuitBreaker, Bulkhead> with_timer{deadline, retry, breaker, bulkhead};
};

/// Ends at once, in place, and allocates nothing: what is counted is the call's.
struct AtOnce {
  template <class Token>
  auto operator()(const AsyncAttempt&, Token token) const {
    return asio::async_initiate<Token, void(error_code, int)>(
        [](auto handler) {
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor,
                     [handler = std::move(handler)]() mutable { std::move(handler)(error_code{}, 7); });
        },
        token);
  }
};

/// Uses of the heap by each of a number of calls after the first ones, which fill Asio's caches.
template <class CallOnce>
double heap_uses_per_call(asio::io_context& io, CallOnce call_once) {
  constexpr int warm = 100;
  constexpr int measured = 1000;
  long before = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        for (int i = 0; i < warm + measured; ++i) {
          if (i == warm) before = heap_uses.load();
          co_await call_once();
        }
        before = heap_uses.load() - before;
      },
      asio::detached);
  io.run();
  return static_cast<double>(before) / measured;
}

TEST(AsyncMemory, OneAllocationPerCallByTheHandlersAllocator) {
  asio::io_context io;
  Policies policies;
  Ledger ledger;
  int value = 0;
  bool given_back = false;
  async_call<int>(io.get_executor(), policies.without_timer, AtOnce{},
                  asio::bind_allocator(CountingAllocator<char>(ledger), [&](error_code, int result) {
                    given_back = ledger.held == 0;
                    value = result;
                  }));
  io.run();
  EXPECT_EQ(value, 7);
  EXPECT_EQ(ledger.taken, 1);
  EXPECT_TRUE(given_back) << "before the handler ran";
}

TEST(AsyncMemory, GivesAnAllocatorOfTheHandlersItsMemoryBackFirstAlsoWhenATimerWasArmed) {
  asio::io_context io;
  Policies policies;
  Ledger ledger;
  int held = -1;
  async_call<int>(
      io.get_executor(), policies.with_timer, AtOnce{},
      asio::bind_allocator(CountingAllocator<char>(ledger), [&](error_code, int) { held = ledger.held; }));
  io.run();
  EXPECT_EQ(held, 0);
  EXPECT_EQ(ledger.taken, 1) << "the timer's memory is the call's own";
}

TEST(AsyncMemory, OneUseOfTheHeapPerAwaitedCall) {
  asio::io_context io;
  Policies policies;
  const AtOnce op;
  const double uses = heap_uses_per_call(
      io, [&] { return async_call<int>(policies.without_timer, op, asio::use_awaitable); });
  EXPECT_LE(uses, 1.0);
}

TEST(AsyncMemory, OneUseOfTheHeapPerAwaitedCallWithADeadline) {
  asio::io_context io;
  Policies policies;
  const AtOnce op;
  const double uses =
      heap_uses_per_call(io, [&] { return async_call<int>(policies.with_timer, op, asio::use_awaitable); });
  EXPECT_LE(uses, 1.0);
}

/// The first attempt of each call fails.
struct FailsOnce {
  template <class Token>
  auto operator()(const AsyncAttempt& attempt, Token token) const {
    return asio::async_initiate<Token, void(error_code, int)>(
        [first = attempt.number == 1](auto handler) {
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor, [handler = std::move(handler), first]() mutable {
            std::move(handler)(first ? error_code(asio::error::connection_refused) : error_code{}, 7);
          });
        },
        token);
  }
};

TEST(AsyncMemory, OneUseOfTheHeapPerAwaitedCallThatIsTriedTwiceWithAPauseBetween) {
  asio::io_context io;
  Retry retry{"payment", {.max_attempts = 2, .base = 1us, .jitter = Jitter::none}};
  CircuitBreaker breaker{"payment", opens_after(5)};
  Deadline deadline{"payment", 10s};
  const Pipeline pipeline{deadline, retry, breaker};
  const FailsOnce op;
  const double uses =
      heap_uses_per_call(io, [&] { return async_call<int>(pipeline, op, asio::use_awaitable); });
  EXPECT_LE(uses, 1.0);
  EXPECT_EQ(breaker.snapshot(AsioTime::now()).totals.failures, 1100U);
}

/// The first attempt of each call goes round the context often enough for a second one to overtake it.
struct SlowFirst {
  template <class Handler>
  struct Round {
    Handler handler;
    int left;
    void operator()() {
      if (left == 0) return std::move(handler)(error_code{}, 7);
      const auto executor = asio::get_associated_executor(handler);
      asio::post(executor, Round{std::move(handler), left - 1});
    }
  };
  template <class Token>
  auto operator()(const AsyncAttempt& attempt, Token token) const {
    return asio::async_initiate<Token, void(error_code, int)>(
        [rounds = attempt.number == 1 ? 200 : 1](auto handler) {
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor, Round<decltype(handler)>{std::move(handler), rounds});
        },
        token);
  }
};

TEST(AsyncMemory, OneUseOfTheHeapPerAwaitedCallThatIsHedged) {
  asio::io_context io;
  Hedge hedge{"payment", {.delay = Duration{1}}};
  CircuitBreaker breaker{"payment", opens_after(5)};
  Timeout timeout{"payment", 10s};
  const Pipeline pipeline{hedge, breaker, timeout};
  const SlowFirst op;
  const double uses =
      heap_uses_per_call(io, [&] { return async_call<int>(pipeline, op, asio::use_awaitable); });
  EXPECT_LE(uses, 1.0);
  EXPECT_GT(breaker.snapshot(AsioTime::now()).totals.ignored, 0U) << "nothing was hedged";
}

TEST(AsyncMemory, ACoroutineAsTheOperationCostsItsOwnFramesBeside) {
  asio::io_context io;
  Policies policies;
  const auto op = []() -> asio::awaitable<int> { co_return 7; };
  const double alone = heap_uses_per_call(io, [&] { return asio::co_spawn(io, op, asio::use_awaitable); });
  io.restart();
  const double guarded =
      heap_uses_per_call(io, [&] { return async_call<int>(policies.with_timer, op, asio::use_awaitable); });
  EXPECT_LE(guarded, alone + 1.0) << alone << " alone";
}

}  // namespace
}  // namespace switchgear
