#include "tests/scenarios/story.hpp"

#include <stdexcept>

namespace switchgear::scenarios {

Judge::Judge(const config::Policy& policy)
    : classifier_(std::make_shared<http::FailureClassifier>(
          http::FailureRules{policy.failure_when.status, policy.failure_when.timeout,
                             policy.failure_when.connection_error, policy.retry_status})) {}

Outcome Judge::operator()(const Answer& answer, Duration latency) const {
  std::optional<Duration> wait;
  if (answer.retry_after != 0) wait = std::chrono::seconds{answer.retry_after};
  return classifier_->of_status(answer.status, latency, wait);
}

Story::Story(const Scenario& scenario, TimePoint now) : scenario_(scenario) {
  const config::Loaded loaded =
      config::load_text("version: 1\npolicies: {story: {" + scenario.policy + "}}\n", "story");
  if (!loaded.config) throw std::runtime_error(loaded.errors.front().text());
  policy = loaded.config->policies.at("story");
  policies.emplace(policy, BreakerContext{.created = now}, [](const config::ValueFallback& value) {
    return Answer{value.status, 0};
  });
}

Reply Story::next_reply() {
  const std::size_t index = std::min(replies_++, scenario_.replies.size() - 1);
  return scenario_.replies[index];
}

CallOptions Story::options_of(const Call& call, CallReport& report) {
  CallOptions options;
  options.key = "GET /";
  options.repeatable = call.repeatable ? Repeatable::yes : Repeatable::no;
  options.report = &report;
  return options;
}

std::string Story::decision(const Answer& answer, const CallReport& report) {
  std::string text = std::to_string(answer.status);
  if (report.source == Source::cache) text += " cache";
  if (report.source == Source::fallback) text += " fallback";
  return text;
}

std::string Story::decision(const Rejection& rejection) { return std::string(to_string(rejection.reason)); }

}  // namespace switchgear::scenarios
