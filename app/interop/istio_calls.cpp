#include "app/interop/istio_calls.hpp"

#include <algorithm>
#include <string>

#include "app/interop/call_limits.hpp"
#include "app/interop/retry_on.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace {

constexpr std::chrono::milliseconds usual_backoff{25};
constexpr std::string_view usual_conditions = "connect-failure,refused-stream,unavailable,cancelled";
constexpr std::uint64_t usual_attempts = 2;

void import_conditions(Fields& retries, ImportedService& service) {
  const std::string to = service.policy_at("retry.status");
  const auto value = retries.find("retryOn");
  const RetryOn on =
      parse_retry_on(value ? read_text(*value).value_or("") : std::string(usual_conditions), {});
  service.policy.retry_status = on.statuses;
  if (!value) {
    retries.absent("retryOn", to, std::string(usual_conditions) + "; " + on.how, Fate::approximated);
  } else if (on.how.empty()) {
    retries.ledger().carried(*value, to);
  } else {
    retries.ledger().approximated(*value, to, on.how);
  }
}

/// Returns the limit of an attempt.
std::optional<Duration> import_retries(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields retries(value, ledger);
  std::uint64_t attempts = usual_attempts;
  retries.take("attempts", read_count, attempts, service.policy_at("retry.max_attempts"),
               Absent<std::uint64_t>{usual_attempts, "2 retries"});
  std::optional<Duration> attempt;
  retries.take("perTryTimeout", read_length, attempt, service.policy_at("timeout"));
  if (attempts == 0) {
    retries.none({"retryOn", "backoff", "retryRemoteLocalities", "retryIgnorePreviousHosts"},
                 "nothing is retried");
    retries.finish();
    return attempt;
  }
  RetryOptions& retry = service.policy.retry.emplace();
  retry.max_attempts = static_cast<std::uint32_t>(std::min(attempts, most_retries) + 1);
  Duration base = usual_backoff;
  retries.take("backoff", read_length, base, service.policy_at("retry.base"),
               Absent<Duration>{usual_backoff, "25ms"});
  set_delays(retry, base);
  import_conditions(retries, service);
  retries.none("retryRemoteLocalities", "instances have no locality");
  if (const auto other = retries.find("retryIgnorePreviousHosts")) {
    if (read_truth(*other).value_or(true)) {
      ledger.carried(*other, service.policy_at("retry"));
    } else {
      ledger.none(*other, "a retry goes to another instance where there is one");
    }
  }
  retries.finish();
  return attempt;
}

std::optional<double> percentage_of(Fields& fault) {
  if (const auto value = fault.find("percentage")) return read_percent(*value);
  if (const auto value = fault.find("percent")) return read_percent(*value);
  return 0.0;
}

void import_fault(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields fault(value, ledger);
  ChaosOptions& chaos = service.policy.chaos.emplace();
  chaos.enabled = true;
  if (const auto found = fault.find("delay")) {
    Fields delay(*found, ledger);
    chaos.delay.probability = percentage_of(delay).value_or(0);
    delay.take("fixedDelay", read_length, chaos.delay.min, service.policy_at("chaos.delay.min"));
    chaos.delay.max = chaos.delay.min;
    delay.finish();
    ledger.carried(*found, service.policy_at("chaos.delay"));
  }
  if (const auto found = fault.find("abort")) {
    Fields abort(*found, ledger);
    const double share = percentage_of(abort).value_or(0);
    chaos.fail = {std::min(share, 1 - chaos.delay.probability), FailureType::http_error};
    abort.ignore({"httpStatus"});
    abort.none({"grpcStatus", "http2Error"}, "calls fail as http_error");
    abort.finish();
    ledger.approximated(
        *found, service.policy_at("chaos.fail"),
        share == chaos.fail.probability
            ? "fails as http_error, whatever the status"
            : "fails as http_error; a call gets one fault at most, so that fewer are aborted");
  }
  fault.finish();
}

}  // namespace

void set_delays(RetryOptions& retry, Duration base) {
  constexpr Duration longest = std::chrono::hours{24};
  retry.base = std::min(base, longest);
  retry.max_delay = retry.base * 10;
}

void import_istio_calls(Fields& route, ImportedService& service) {
  CallLimits limits;
  const auto timeout = route.find("timeout");
  if (timeout) limits.whole = read_length(*timeout);
  limits.attempt = import_retries(route.section("retries"), service, route.ledger());
  const std::string how = set_limits(service.policy, limits);
  const std::string to = service.policy_at(service.policy.deadline ? "deadline" : "timeout");
  if (!timeout) {
    route.absent("timeout", to, "no limit, for which 24h stands", Fate::approximated);
  } else if (how.empty()) {
    route.ledger().carried(*timeout, to);
  } else {
    route.ledger().approximated(*timeout, to, how);
  }
  if (const auto fault = route.find("fault")) import_fault(*fault, service, route.ledger());
}

}  // namespace switchgear::interop
