// Random policies and random traces for them, each from one seed. They favour what is hard: small windows,
// several rules at once, steps of time that land exactly on the ends of openings, hours without a call,
// results that come late, twice or never. Never here: a breaker, a model, or an opinion on what should
// happen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/core/outcome.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"
#include "switchgear/policy/health_rows.hpp"
#include "tests/model/breaker_model.hpp"

namespace switchgear::model {

struct Step {
  enum class Kind : std::uint8_t {
    acquire,
    record,
    abandon,
    command,
    advance,
    restart,  ///< saved, and restored at once
    check,    ///< an active health check has its answer
    call,     ///< an acquire and, if admitted, its record `outcome.latency` later
  };

  Kind kind = Kind::acquire;
  TimePoint at{};
  std::size_t id = 0;                  ///< of the acquire, record, abandon or call
  Outcome outcome{};                   ///< of the record or call
  std::optional<Duration> deadline{};  ///< of a call: how much time its caller left for it
  Order order = Order::reset;
  CheckAnswer answer = CheckAnswer::good;
};

struct Case {
  std::uint64_t seed = 0;
  CircuitBreakerOptions options;
  std::uint64_t jitter_seed = 0;
  HealthRows rows;
  std::optional<Duration> timeout{};  ///< of the policy
  TimePoint start{};                  ///< no step is earlier
  std::vector<Step> steps;
};

/// What the traces may contain.
enum class Flavour : std::uint8_t {
  library,  ///< everything, down to single nanoseconds, times before zero and a clock that runs backwards
  replay,   ///< what a trace file can say
};

[[nodiscard]] Case random_case(std::uint64_t seed, Flavour flavour);

/// A replay some of whose calls were cut short by their callers, under a policy that may have a timeout.
[[nodiscard]] Case random_hurried_case(std::uint64_t seed);

/// What makes a breaker one of a higher kind.
enum class Kind : std::uint8_t { adaptive, levels, controlled_ramp, confidence, weights, health_checks };
inline constexpr std::array kinds{Kind::adaptive,   Kind::levels,  Kind::controlled_ramp,
                                  Kind::confidence, Kind::weights, Kind::health_checks};
[[nodiscard]] std::string name_of(Kind kind);
[[nodiscard]] bool is_of(const Case& given, Kind kind);
/// Calls `play` with so many random cases of that kind, and with no others, or until it returns false.
/// `first`: of the seeds.
void for_each_case(Kind kind, std::uint64_t first, std::uint64_t count, Flavour flavour,
                   const std::function<bool(const Case&)>& play);

/// A service, with breakers for the values of its calls, or without a breaker around these.
struct ValuesCase {
  Case calls;  ///< and the breaker around; its steps are a replay's, or a library's without restarts
  bool has_around = true;
  CircuitBreakerOptions of_value;   ///< neither adaptive nor with jitter, which depend on what is in memory
  Duration idle{};                  ///< after which a value begins anew
  std::vector<std::string> values;  ///< of each step; empty: of none
  bool has_values = true;
  /// Policies of routes that have a breaker, between the one around and those of values; by name.
  std::map<std::string, CircuitBreakerOptions> of_routes = {};
  /// Of each step: the policy of its route, perhaps one without a breaker; empty: of none. Empty as a whole:
  /// no step has one.
  std::vector<std::string> routes = {};
};

[[nodiscard]] ValuesCase random_values_case(std::uint64_t seed, Flavour flavour);

/// The same with routes that have policies of their own: paths of up to three breakers. Some without values.
[[nodiscard]] ValuesCase random_paths_case(std::uint64_t seed, Flavour flavour);
/// The policy of a route that has no breaker.
inline constexpr const char* route_without_breaker = "r2";

/// For people, one line each.
[[nodiscard]] std::string describe(const CircuitBreakerOptions& options);
[[nodiscard]] std::string describe(const Step& step);

}  // namespace switchgear::model
