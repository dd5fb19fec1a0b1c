#include "switchgear/pipeline/classifier.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "switchgear/policy/fallback_failure.hpp"

namespace switchgear {
namespace {

using namespace std::chrono_literals;

struct Verdicts {
  Verdict verdict;
  FailureType type = FailureType::exception;
};
void expect(const Outcome& outcome, const Verdicts& wanted, const std::string& what) {
  EXPECT_EQ(outcome.verdict, wanted.verdict) << what;
  if (wanted.verdict == Verdict::failure) {
    EXPECT_EQ(outcome.type, wanted.type) << what;
  }
  EXPECT_EQ(outcome.latency, 7ms) << what;
}

/// What `classifier` makes of `thrown`.
template <class Classifier, class E>
Outcome of(const Classifier& classifier, const E& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return classifier.of_current_exception(7ms);
  }
}

TEST(ErrorCodes, AreFailuresOfTheTypeTheySpeakOfUnlessTheCallerWentAway) {
  const struct {
    std::error_code code;
    Verdicts wanted;
  } table[] = {
      {{}, {Verdict::success}},
      {make_error_code(std::errc::timed_out), {Verdict::failure, FailureType::timeout}},
      {make_error_code(std::errc::connection_refused), {Verdict::failure, FailureType::connection_error}},
      {make_error_code(std::errc::connection_reset), {Verdict::failure, FailureType::connection_error}},
      {make_error_code(std::errc::broken_pipe), {Verdict::failure, FailureType::connection_error}},
      {make_error_code(std::errc::host_unreachable), {Verdict::failure, FailureType::connection_error}},
      {{ECONNREFUSED, std::system_category()}, {Verdict::failure, FailureType::connection_error}},
      {{ETIMEDOUT, std::system_category()}, {Verdict::failure, FailureType::timeout}},
      {make_error_code(std::errc::no_such_file_or_directory), {Verdict::failure, FailureType::exception}},
      {make_error_code(std::errc::operation_canceled), {Verdict::ignored}},
      {{ECANCELED, std::system_category()}, {Verdict::ignored}},
      {make_error_code(Reason::open), {Verdict::ignored}},
      {make_error_code(Reason::bulkhead_full), {Verdict::ignored}},
      {make_error_code(Reason::timed_out), {Verdict::failure, FailureType::timeout}},
  };
  for (const auto& [code, wanted] : table) expect(outcome_of(code, 7ms), wanted, code.message());
}

TEST(Results, AreSuccessesOrTheirRejection) {
  expect(outcome_of(Result<int>(1), 7ms), {Verdict::success}, "a value");
  expect(outcome_of(Result<int>(Reason::open, "inner", 1s), 7ms), {Verdict::ignored}, "a refusal inside");
  expect(outcome_of(Result<int>(Reason::timed_out, "inner", {}), 7ms),
         {Verdict::failure, FailureType::timeout}, "a timeout inside");
}

TEST(DefaultClassifier, TakesEveryExceptionForAFailureAndAskSystemErrorsForTheirCode) {
  const DefaultClassifier all;
  expect(of(all, std::runtime_error("down")), {Verdict::failure}, "any");
  expect(of(all, 42), {Verdict::failure}, "not even an exception");
  expect(of(all, std::system_error(make_error_code(std::errc::connection_reset))),
         {Verdict::failure, FailureType::connection_error}, "reset");
  expect(of(all, std::system_error(make_error_code(std::errc::operation_canceled))), {Verdict::ignored},
         "cancelled");
  expect(of(all, std::system_error(std::error_code{})), {Verdict::failure}, "thrown without an error");
}

TEST(DefaultClassifier, AsksAFallbackErrorWhatTheCallHadFailedWith) {
  const auto both = [](Cause call) {
    return FallbackError({"prices", std::move(call), {{}, {}, {}, FallbackErrc::told_to_fail}, "no prices"});
  };
  const DefaultClassifier all;
  expect(of(all, both({Rejection{Reason::open, "inner", 1s}, {}, {}, {}})), {Verdict::ignored}, "refused");
  expect(of(all, both({Rejection{Reason::timed_out, "inner", {}}, {}, {}, {}})),
         {Verdict::failure, FailureType::timeout}, "cut off");
  expect(of(all, both({{}, FailureType::connection_error, {}, {}})),
         {Verdict::failure, FailureType::connection_error}, "failed");
}

TEST(Classifier, TakesOnlyTheseExceptionsForFailures) {
  const auto only = Classifier{}.failures_are<std::range_error, std::system_error>();
  expect(of(only, std::range_error("listed")), {Verdict::failure}, "listed");
  expect(of(only, std::runtime_error("its base")), {Verdict::ignored}, "its base");
  expect(of(only, std::system_error(make_error_code(std::errc::timed_out))),
         {Verdict::failure, FailureType::timeout}, "listed, with a type");
}

TEST(Classifier, IgnoresTheseExceptionsAlthoughTheyAreListed) {
  const auto except = Classifier{}.failures_are<std::runtime_error>().ignoring<std::range_error>();
  expect(of(except, std::underflow_error("listed")), {Verdict::failure}, "listed");
  expect(of(except, std::range_error("excepted")), {Verdict::ignored}, "excepted");
  expect(of(Classifier{}.ignoring<std::range_error>(), std::logic_error("any other")), {Verdict::failure},
         "any other");
}

TEST(Classifier, AddsToItsListsWhenItIsToldMore) {
  const auto two = Classifier{}.ignoring<std::range_error>().ignoring<std::logic_error>();
  expect(of(two, std::range_error("the first")), {Verdict::ignored}, "the first");
  expect(of(two, std::logic_error("the second")), {Verdict::ignored}, "the second");
  const auto listed = Classifier{}.failures_are<std::range_error>().failures_are<std::logic_error>();
  expect(of(listed, std::range_error("the first")), {Verdict::failure}, "the first");
  expect(of(listed, std::logic_error("the second")), {Verdict::failure}, "the second");
}

TEST(Classifier, AsksThePredicateAboutResultsWhateverItReturns) {
  expect(Classifier{}.results([](int value) { return value > 0; }).of_result(0, 7ms), {Verdict::failure},
         "a bool");
  expect(Classifier{}.results([](int) { return Verdict::ignored; }).of_result(0, 7ms), {Verdict::ignored},
         "a verdict");
  const auto slow = [](int, Duration latency) {
    return Outcome::failure(FailureType::slow_response, latency);
  };
  expect(Classifier{}.results(slow).of_result(0, 7ms), {Verdict::failure, FailureType::slow_response},
         "an outcome");
}

TEST(Classifier, AsksThePredicateAboutErrorCodesWhenItTakesThem) {
  const auto code = make_error_code(std::errc::no_such_file_or_directory);
  const auto fine = Classifier{}.results([](const std::error_code&) { return Verdict::success; });
  expect(fine.of_code(code, 7ms), {Verdict::success}, "asked");
  const auto of_numbers = Classifier{}.results([](const std::string&) { return Verdict::success; });
  expect(of_numbers.of_code(code, 7ms), {Verdict::failure}, "not asked");
}

}  // namespace
}  // namespace switchgear
