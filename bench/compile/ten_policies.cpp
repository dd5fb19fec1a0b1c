// Ten policies in one pipeline, by the header that has all of them.
#include <switchgear/switchgear.hpp>

#include <cstdio>

int main() {
  using namespace switchgear;
  using namespace std::chrono_literals;
  auto fallback = Fallback<int>::value("payment", 0);
  Cache<int> cache{"payment", CacheOptions{.ttl = 1s}};
  RateLimiter limiter{"payment"};
  Bulkhead bulkhead{"payment"};
  AdaptiveLimit adaptive{"payment"};
  Deadline deadline{"deadline", 2s};
  Retry retry{"payment", {}};
  CircuitBreaker breaker{"payment", {.failure_rate = 0.5}};
  Timeout timeout{"timeout", 1s};
  Chaos chaos{"payment", {}};
  const auto pipeline = standard_pipeline(fallback, cache, limiter, bulkhead, adaptive, deadline, retry,
                                          breaker, timeout, chaos);
  std::printf("%d\n", call(pipeline, [] { return 1; }));
}
