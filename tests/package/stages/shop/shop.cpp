#include "shop.hpp"

#include <stdexcept>

#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/sync/call.hpp"

namespace shop {

using namespace switchgear;

CircuitBreaker& breaker() {
  static CircuitBreaker prices{"prices", [] {
                                 CircuitBreakerOptions options;
                                 options.consecutive_failures = 100;
                                 return options;
                               }()};
  return prices;
}

bool ask_for_price() {
  static Bulkhead bulkhead{"prices",
                           {.max_concurrent = 50, .max_queue = 50, .max_wait = std::chrono::seconds{5}}};
  static const auto pipeline = standard_pipeline(breaker(), bulkhead);
  bool asked = false;
  try {
    static_cast<void>(try_call(pipeline, [&asked]() -> int {
      asked = true;
      throw std::runtime_error("out of order");
    }));
  } catch (const std::runtime_error&) {
    return true;
  }
  return asked;
}

}  // namespace shop
