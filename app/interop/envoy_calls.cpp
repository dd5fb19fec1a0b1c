#include "app/interop/envoy_calls.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "app/interop/call_limits.hpp"
#include "app/interop/istio_calls.hpp"
#include "app/interop/retry_on.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t usual_retries = 1;

void import_conditions(Fields& retries, ImportedService& service) {
  const std::string to = service.policy_at("retry.status");
  std::vector<unsigned> codes;
  const auto list = retries.find("retriable_status_codes");
  if (list) {
    for (const Value& item : config::items(*list, "[503]"))
      codes.push_back(static_cast<unsigned>(read_count(item).value_or(0)));
    retries.ledger().carried(*list, to);
  }
  const auto on = retries.find("retry_on");
  if (!on) return;
  const RetryOn read = parse_retry_on(read_text(*on).value_or(""), codes);
  service.policy.retry_status = read.statuses;
  read.how.empty() ? retries.ledger().carried(*on, to) : retries.ledger().approximated(*on, to, read.how);
}

void import_back_off(Fields& retries, RetryOptions& retry, ImportedService& service) {
  Ledger& ledger = retries.ledger();
  Fields delays(retries.section("retry_back_off"), ledger);
  Duration base = milliseconds{25};
  delays.take("base_interval", read_length, base, service.policy_at("retry.base"),
              Absent<Duration>{milliseconds{25}, "25ms"});
  set_delays(retry, base);
  if (const auto longest = delays.find("max_interval")) {
    delays.take("max_interval", read_length, retry.max_delay, service.policy_at("retry.max_delay"));
    retry.max_delay = std::max(retry.max_delay, retry.base);
  }
  delays.finish();

  const auto limited = retries.find("rate_limited_retry_back_off");
  if (!limited) return;
  Fields asked(*limited, ledger);
  const std::string to = service.policy_at("retry.honor_retry_after");
  retry.honor_retry_after.max = seconds{300};
  if (!asked.take("max_interval", read_length, retry.honor_retry_after.max, to))
    asked.absent("max_interval", to, "300s");
  if (const auto headers = asked.find("reset_headers")) {
    ledger.approximated(*headers, to, "Retry-After, in seconds or as a date");
  }
  asked.finish();
}

void import_hedge(Fields& action, const CallLimits& limits, std::uint64_t retries, ImportedService& service) {
  const auto value = action.find("hedge_policy");
  if (!value) return;
  Fields hedge(*value, action.ledger());
  hedge.none({"initial_requests", "additional_request_chance"}, "the first attempt is one");
  if (const auto on_timeout = hedge.find("hedge_on_per_try_timeout")) {
    const bool hedged = read_truth(*on_timeout).value_or(false);
    const bool in_time = limits.attempt && (!limits.whole || *limits.attempt < *limits.whole);
    if (hedged && in_time && retries > 0) {
      service.policy.hedge.emplace() = {
          *limits.attempt, static_cast<std::uint32_t>(std::min<std::uint64_t>(retries, 10)), {}};
      action.ledger().approximated(*on_timeout, service.policy_at("hedge"),
                                   "after per_try_timeout another attempt is made beside the first");
    } else {
      action.ledger().none(*on_timeout,
                           "without a per_try_timeout before the end of the call nothing is hedged");
    }
  }
  hedge.finish();
}

/// Returns how many there are.
std::uint64_t import_retries(const Value& value, ImportedService& service, CallLimits& limits,
                             Ledger& ledger) {
  Fields retries(value, ledger);
  retries.take("per_try_timeout", read_length, limits.attempt, service.policy_at("timeout"));
  std::uint64_t count = usual_retries;
  retries.take("num_retries", read_count, count, service.policy_at("retry.max_attempts"),
               Absent<std::uint64_t>{usual_retries, "1 retry"});
  if (const auto on = retries.find("retry_on"); on && count > 0 && !read_text(*on).value_or("").empty()) {
    RetryOptions& retry = service.policy.retry.emplace();
    retry.max_attempts = static_cast<std::uint32_t>(std::min(count, most_retries) + 1);
    import_conditions(retries, service);
    import_back_off(retries, retry, service);
  } else {
    count = 0;
    retries.none({"retry_on", "retriable_status_codes", "retry_back_off", "rate_limited_retry_back_off"},
                 "nothing is retried");
  }
  retries.none({"retry_host_predicate", "host_selection_retry_max_attempts"},
               "a retry goes to another instance where there is one");
  retries.none("per_try_idle_timeout", "an attempt has one limit, timeout");
  retries.none(
      {"retry_priority", "retry_options_predicates", "retriable_headers", "retriable_request_headers"},
      "retries depend on the status and the method");
  retries.finish();
  return count;
}

}  // namespace

void import_envoy_calls(Fields& action, const std::optional<Value>& retries_of_host,
                        ImportedService& service) {
  CallLimits limits;
  const auto timeout = action.find("timeout");
  limits.whole = timeout ? read_length(*timeout) : std::optional<Duration>{seconds{15}};
  const auto own = action.find("retry_policy");
  std::uint64_t retries = 0;
  if (own || retries_of_host)
    retries = import_retries(own ? *own : *retries_of_host, service, limits, action.ledger());
  import_hedge(action, limits, retries, service);
  if (service.policy.hedge) limits.attempt.reset();
  const std::string how = set_limits(service.policy, limits);
  const std::string to = service.policy_at(service.policy.deadline ? "deadline" : "timeout");
  if (!timeout) {
    action.absent("timeout", to, "15s");
  } else if (how.empty()) {
    action.ledger().carried(*timeout, to);
  } else {
    action.ledger().approximated(*timeout, to, how);
  }
}

}  // namespace switchgear::interop
