#include "switchgear/pipeline/classifier.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <variant>

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

/// The shape of std::expected.
template <class T, class E>
struct Expected {
  std::variant<T, E> held;
  [[nodiscard]] bool has_value() const { return held.index() == 0; }
  [[nodiscard]] const T& value() const { return std::get<0>(held); }
  [[nodiscard]] const E& error() const { return std::get<1>(held); }
};

/// The shape of Boost.Outcome's outcome, which may hold an exception in place of an error.
struct Outcomes {
  std::optional<int> value;
  std::optional<std::error_code> code;
  [[nodiscard]] bool has_value() const { return value.has_value(); }
  [[nodiscard]] bool has_error() const { return code.has_value(); }
  [[nodiscard]] const std::error_code& error() const { return code.value(); }
};

/// No has_value().
struct Status {
  bool failed;
  [[nodiscard]] bool has_error() const { return failed; }
  [[nodiscard]] int error() const { return 1; }
};

/// Says itself what it means, whatever its shape.
struct Partly : Expected<int, std::string> {
  friend Outcome outcome_of(const Partly&, Duration latency) { return Outcome::ignored(latency); }
};

const std::error_code reset = make_error_code(std::errc::connection_reset);
const std::error_code cancelled = make_error_code(std::errc::operation_canceled);

TEST(DefaultClassifier, AnErrorInAnExpectedIsNotCountedAsASuccess) {
  const DefaultClassifier all;
  using Text = Expected<int, std::string>;
  using Code = Expected<std::string, std::error_code>;
  using Refused = Expected<int, Rejection>;
  expect(all.of_result(Text{1}, 7ms), {Verdict::success}, "a value");
  expect(all.of_result(Text{"no route"}, 7ms), {Verdict::failure}, "any error");
  expect(all.of_result(Code{reset}, 7ms), {Verdict::failure, FailureType::connection_error}, "by its code");
  expect(all.of_result(Code{cancelled}, 7ms), {Verdict::ignored}, "by its code");
  expect(all.of_result(Code{std::error_code{}}, 7ms), {Verdict::failure}, "an error without a code");
  expect(all.of_result(Refused{Rejection{}}, 7ms), {Verdict::ignored}, "a refusal further inside");
  expect(all.of_result(Outcomes{1, {}}, 7ms), {Verdict::success}, "Outcome's value");
  expect(all.of_result(Outcomes{{}, reset}, 7ms), {Verdict::failure, FailureType::connection_error}, "error");
  expect(all.of_result(Outcomes{}, 7ms), {Verdict::failure}, "Outcome's exception");
  expect(all.of_result(Status{false}, 7ms), {Verdict::success}, "no error");
  expect(all.of_result(Status{true}, 7ms), {Verdict::failure}, "an error");
  expect(all.of_result(Partly{{"half"}}, 7ms), {Verdict::ignored}, "its own word goes first");
}

/// An answer that says itself what it means, as an HTTP response does.
struct Reply {
  int status;
  friend Outcome outcome_of(const Reply& reply, Duration latency) {
    return reply.status < 500 ? Outcome::success(latency)
                              : Outcome::failure(FailureType::http_error, latency);
  }
};

TEST(DefaultClassifier, ABadReplyIsNotCountedAsASuccessForComingInAWrapper) {
  const DefaultClassifier all;
  using Wrapped = Expected<Reply, std::error_code>;
  const Verdicts bad{Verdict::failure, FailureType::http_error};
  expect(all.of_result(Wrapped{Reply{503}}, 7ms), bad, "expected");
  expect(all.of_result(Wrapped{Reply{200}}, 7ms), {Verdict::success}, "expected");
  expect(all.of_result(Wrapped{reset}, 7ms), {Verdict::failure, FailureType::connection_error}, "its error");
  expect(all.of_result(std::optional{Reply{503}}, 7ms), bad, "optional");
  expect(all.of_result(std::optional{Wrapped{Reply{503}}}, 7ms), bad, "one in the other");
  expect(all.of_result(std::optional<Reply>{}, 7ms), {Verdict::success}, "nothing found");
}

TEST(DefaultClassifier, AnErrorCodeBesideAValueIsNotCountedAsASuccess) {
  const DefaultClassifier all;
  expect(all.of_result(std::pair{std::error_code{}, 1}, 7ms), {Verdict::success}, "no error");
  expect(all.of_result(std::pair{reset, 1}, 7ms), {Verdict::failure, FailureType::connection_error}, "pair");
  expect(all.of_result(std::tuple{cancelled, 1, 'x'}, 7ms), {Verdict::ignored}, "tuple");
  expect(all.of_result(std::tuple{reset}, 7ms), {Verdict::failure, FailureType::connection_error}, "alone");
  expect(all.of_result(std::tie(reset), 7ms), {Verdict::failure, FailureType::connection_error}, "tie");
  expect(all.of_result(std::pair{1, reset}, 7ms), {Verdict::success}, "a code that does not come first");
}

TEST(DefaultClassifier, AnAnswerThatMayBeEmptyIsASuccessAllTheSame) {
  const DefaultClassifier all;
  expect(all.of_result(std::optional<int>{}, 7ms), {Verdict::success}, "nothing found");
  expect(all.of_result(std::tuple<>{}, 7ms), {Verdict::success}, "an empty tuple");
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
