#include "switchgear/a2a/failure_rules.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <system_error>
#include <vector>

#include "switchgear/http/error.hpp"

namespace switchgear::a2a {
namespace {

using namespace std::chrono_literals;

TEST(AgentFailures, AreTheAgentsFaultsAndNotItsCallers) {
  const FailureClassifier rules;
  struct Row {
    Errc error;
    unsigned status;
    std::int64_t code;
    Verdict verdict;
  };
  const std::vector<Row> rows{
      {Errc::task_not_found, 200, -32001, Verdict::ignored},
      {Errc::task_not_cancelable, 200, -32002, Verdict::ignored},
      {Errc::unsupported_operation, 400, 0, Verdict::ignored},
      {Errc::invalid_agent_response, 200, -32006, Verdict::failure},
      {Errc::version_not_supported, 400, -32009, Verdict::ignored},
      {Errc::internal_error, 200, -32603, Verdict::failure},
      {Errc::invalid_params, 200, -32602, Verdict::ignored},
      {Errc::method_not_found, 200, -32601, Verdict::ignored},
      {Errc::other_error, 200, -32050, Verdict::failure},
      {Errc::other_error, 200, -1, Verdict::ignored},
      {Errc::http_status, 500, 0, Verdict::failure},
      {Errc::http_status, 429, 0, Verdict::failure},
      {Errc::http_status, 401, 0, Verdict::ignored},
      {Errc::malformed, 200, 0, Verdict::failure},
      {Errc::event_too_large, 200, 0, Verdict::failure},
      {Errc::no_interface, 0, 0, Verdict::ignored},
  };
  for (const Row& row : rows) {
    const AgentReport report{row.code, row.status, {}, {}, {}};
    const Outcome read = rules.of_error(row.error, report, Again::harmless, 1s);
    EXPECT_EQ(read.verdict, row.verdict) << make_error_code(row.error).message();
    EXPECT_EQ(read.worth_repeating(), row.verdict == Verdict::failure)
        << make_error_code(row.error).message();
    EXPECT_FALSE(rules.of_error(row.error, report, Again::harmful, 1s).worth_repeating());
  }
}

TEST(AgentFailures, ThatSayWhenToComeBackMayBeRepeatedWhateverWasAsked) {
  const FailureClassifier rules;
  for (const unsigned status : {429U, 503U}) {
    const Outcome told = rules.of_error(Errc::http_status, {0, status, {}, {}, 3s}, Again::harmful, 1s);
    EXPECT_TRUE(told.worth_repeating());
    EXPECT_EQ(told.retry_after, 3s);
  }
  EXPECT_FALSE(rules.of_error(Errc::http_status, {0, 500, {}, {}, 3s}, Again::harmful, 1s).worth_repeating());
}

TEST(AgentFailures, WithoutAnAnswerAreRepeatedIfTheAgentCannotHaveActed) {
  const FailureClassifier rules;
  const std::error_code refused = std::make_error_code(std::errc::connection_refused);
  const std::error_code truncated = http::Errc::truncated;
  EXPECT_TRUE(rules.of_code(refused, Again::harmful, 1s).worth_repeating()) << "nothing was sent";
  EXPECT_FALSE(rules.of_code(truncated, Again::harmful, 1s).worth_repeating());
  EXPECT_TRUE(rules.of_code(truncated, Again::harmless, 1s).worth_repeating());
  EXPECT_EQ(rules.of_code(truncated, Again::harmful, 1s).type, FailureType::connection_error);
  EXPECT_EQ(rules.of_code(http::Errc::pool_full, Again::harmless, 1s).verdict, Verdict::ignored);
}

TEST(AgentFailures, AreTaskStatesOnlyWhereTheOptionsSaySo) {
  EXPECT_EQ(FailureClassifier{}.of_result(TaskState::failed, 1s).verdict, Verdict::success);
  FailureRules strict;
  strict.task_states = {TaskState::failed, TaskState::rejected};
  const FailureClassifier rules(strict);
  EXPECT_EQ(rules.of_result(TaskState::failed, 1s).verdict, Verdict::failure);
  EXPECT_FALSE(rules.of_result(TaskState::failed, 1s).worth_repeating()) << "it would begin another task";
  EXPECT_EQ(rules.of_result(TaskState::input_required, 1s).verdict, Verdict::success);
  EXPECT_EQ(rules.of_result(std::nullopt, 1s).verdict, Verdict::success);
}

}  // namespace
}  // namespace switchgear::a2a
