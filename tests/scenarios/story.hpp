// What the library's three kinds of caller share: the policies of a scenario, a dependency in manual time,
// and decisions in words.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "switchgear/config/configured_policies.hpp"
#include "switchgear/http/failure_classifier.hpp"
#include "switchgear/pipeline/call.hpp"
#include "tests/scenarios/scenario.hpp"

namespace switchgear::scenarios {

struct Answer {
  unsigned status = 0;
  unsigned retry_after = 0;
};

/// Judges answers as the gateway does.
class Judge {
 public:
  explicit Judge(const config::Policy& policy);
  [[nodiscard]] Outcome operator()(const Answer& answer, Duration latency) const;

 private:
  std::shared_ptr<const http::FailureClassifier> classifier_;
};

/// One playing of a scenario.
class Story {
 public:
  Story(const Scenario& scenario, TimePoint now);

  /// The reply to the attempt that reaches the dependency now.
  [[nodiscard]] Reply next_reply();
  [[nodiscard]] static CallOptions options_of(const Call& call, CallReport& report);
  /// `200`, `200 cache`, a reason, or `connection_error`.
  [[nodiscard]] static std::string decision(const Answer& answer, const CallReport& report);
  [[nodiscard]] static std::string decision(const Rejection& rejection);

  config::Policy policy;
  std::optional<config::ConfiguredPolicies<Answer>> policies;
  std::vector<Seen> seen;

 private:
  const Scenario& scenario_;
  std::size_t replies_ = 0;
};

}  // namespace switchgear::scenarios
