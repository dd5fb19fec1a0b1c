#include "switchgear/redis/error.hpp"

#include <string>

namespace switchgear::redis {

namespace {

class RedisCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.redis"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::not_connected:
        return "not connected to Redis";
      case Errc::timed_out:
        return "Redis did not reply in time";
      case Errc::lost:
        return "the connection to Redis ended";
      case Errc::refused:
        return "Redis refused";
      case Errc::too_much:
        return "too many commands wait for Redis";
      case Errc::malformed:
        return "the reply of Redis is malformed or too large";
      case Errc::breaker_open:
        return "the breaker around Redis is open";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& category() noexcept {
  static const RedisCategory made;
  return made;
}

}  // namespace switchgear::redis
