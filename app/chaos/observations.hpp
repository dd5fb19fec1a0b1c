// What was seen of a run, as plain values: of each call what its caller felt, of each breaker its
// transitions, of each service the requests that arrived. Times count from the first call.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "switchgear/core/time.hpp"

namespace switchgear::chaos {

struct Call {
  enum class Kind : std::uint8_t {
    served,   ///< an answer below 500 that is no refusal
    refused,  ///< 503 or 429 with Retry-After: the answer of a breaker or a limiter
    failed,   ///< any other answer, or none in time
  };

  Duration at{};       ///< when it was due
  Duration latency{};  ///< from then to the end of its answer
  Kind kind = Kind::served;
  std::uint32_t path = 0;  ///< index in the load's
  unsigned status = 0;     ///< 0: no answer
};

struct Transition {
  std::string breaker;
  Duration at{};
  std::string from, to, rule;
  double value = 0;
  double threshold = 0;
};

struct Observations {
  Duration duration{};
  std::vector<std::string> paths;                ///< of the load
  std::vector<Call> calls;                       ///< as they began
  std::uint64_t unsent = 0;                      ///< calls that were due while too many others were under way
  std::vector<Transition> transitions;           ///< in order of time
  std::map<std::string, std::string> initially;  ///< the state of each breaker at the beginning
  std::set<std::string> breakers;                ///< that were seen
  std::map<std::string, std::vector<std::vector<Duration>>> arrivals;  ///< by service and instance
};

/// The nearest-rank quantile; sorts. Zero of none.
[[nodiscard]] Duration quantile(std::vector<Duration>& latencies, double q);

}  // namespace switchgear::chaos
