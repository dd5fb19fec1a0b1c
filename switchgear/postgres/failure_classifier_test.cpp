#include "switchgear/postgres/failure_classifier.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace switchgear::postgres {
namespace {

using std::chrono_literals::operator""ms;

Error server_error(const std::string& sqlstate) { return {Errc::server, "said so", {.sqlstate = sqlstate}}; }

struct Row {
  const char* sqlstate;
  Verdict verdict;
  FailureType type;
  bool again;
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html
const std::vector<Row> sqlstates{
    {"08006", Verdict::failure, FailureType::connection_error, true},
    {"08P01", Verdict::failure, FailureType::connection_error, true},
    {"53100", Verdict::failure, FailureType::exception, true},         // disk full
    {"53200", Verdict::failure, FailureType::exception, true},         // out of memory
    {"53300", Verdict::failure, FailureType::connection_error, true},  // too many connections
    {"57P01", Verdict::failure, FailureType::connection_error, true},  // shutdown
    {"57P03", Verdict::failure, FailureType::connection_error, true},  // starting up
    {"57014", Verdict::failure, FailureType::timeout, true},           // statement_timeout
    {"58030", Verdict::failure, FailureType::exception, true},         // input or output error
    {"XX000", Verdict::failure, FailureType::exception, false},        // internal error
    {"40001", Verdict::success, FailureType::exception, true},         // serialization failure
    {"40P01", Verdict::success, FailureType::exception, true},         // deadlock
    {"40002", Verdict::success, FailureType::exception, false},  // constraint, at the end of a transaction
    {"23505", Verdict::success, FailureType::exception, false},  // unique violation
    {"42601", Verdict::success, FailureType::exception, false},  // syntax error
    {"42P01", Verdict::success, FailureType::exception, false},  // no such table
    {"22012", Verdict::success, FailureType::exception, false},  // division by zero
    {"25P02", Verdict::success, FailureType::exception, false},  // aborted transaction
    {"55P03", Verdict::success, FailureType::exception, false},  // lock_timeout
    {"57000", Verdict::success, FailureType::exception, false},
};

TEST(PostgresFailures, AreDecidedBySqlstate) {
  const FailureClassifier classifier;
  for (const Row& row : sqlstates) {
    const Outcome outcome = classifier.of(server_error(row.sqlstate), 7ms);
    EXPECT_EQ(outcome.verdict, row.verdict) << row.sqlstate;
    if (row.verdict == Verdict::failure) {
      EXPECT_EQ(outcome.type, row.type) << row.sqlstate;
    }
    EXPECT_EQ(outcome.worth_repeating(), row.again) << row.sqlstate;
    EXPECT_EQ(outcome.latency, 7ms) << row.sqlstate;
  }
}

TEST(PostgresFailures, AreNotRepeatedWhenTheStatementMayHaveRun) {
  const FailureClassifier classifier;
  for (const Errc code : {Errc::lost, Errc::server, Errc::commit_unknown}) {
    Error error(code, "", {.sqlstate = code == Errc::server ? "57P01" : ""});
    EXPECT_TRUE(classifier.of(error, 1ms).worth_repeating());
    error.set_may_have_run(true);
    EXPECT_EQ(classifier.of(error, 1ms).verdict, Verdict::failure);
    EXPECT_FALSE(classifier.of(error, 1ms).worth_repeating());
  }
}

TEST(PostgresFailures, OfAConnectionAreRepeatedUnlessTheServerKnowsTheCallerNot) {
  const FailureClassifier classifier;
  const Outcome down = classifier.of(Error(Errc::unreachable, ""), 1ms);
  EXPECT_EQ(down.verdict, Verdict::failure);
  EXPECT_EQ(down.type, FailureType::connection_error);
  EXPECT_TRUE(down.worth_repeating());
  for (const char* const sqlstate : {"28P01", "28000", "3D000"}) {
    const Outcome refused = classifier.of(Error(Errc::unreachable, "", {.sqlstate = sqlstate}), 1ms);
    EXPECT_EQ(refused.verdict, Verdict::failure) << sqlstate;
    EXPECT_FALSE(refused.worth_repeating()) << sqlstate;
  }
}

TEST(PostgresFailures, AreNotTheDatabasesWhenThePoolIsAtItsLimitOrTheCallerErrs) {
  const FailureClassifier classifier;
  for (const Errc code : {Errc::pool_full, Errc::pool_timeout, Errc::in_doubt, Errc::busy, Errc::unsupported,
                          Errc::wrong_type, Errc::null_value, Errc::no_column, Errc::not_made}) {
    const Outcome outcome = classifier.of(Error(code, ""), 1ms);
    EXPECT_EQ(outcome.verdict, Verdict::ignored) << make_error_code(code).message();
    EXPECT_FALSE(outcome.worth_repeating()) << make_error_code(code).message();
  }
}

TEST(PostgresFailures, AreWhatTheRulesSay) {
  const FailureClassifier strict(FailureRules{.sqlstates = {"42"}, .connection_error = false});
  EXPECT_EQ(strict.of(server_error("42P01"), 1ms).verdict, Verdict::failure);
  EXPECT_EQ(strict.of(server_error("53300"), 1ms).verdict, Verdict::success);
  EXPECT_EQ(strict.of(Error(Errc::lost, ""), 1ms).verdict, Verdict::ignored);
}

}  // namespace
}  // namespace switchgear::postgres
