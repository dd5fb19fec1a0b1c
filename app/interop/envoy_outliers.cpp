// outlier_detection of a cluster: the rules are the same as those of `ejection`, in percent.
#include <algorithm>
#include <string>

#include "app/interop/ejection_differences.hpp"
#include "app/interop/envoy_cluster.hpp"
#include "app/interop/pool_limits.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

using instances::EjectionOptions;

namespace {

/// In place of 0: with so few calls as an interval can count, any failure reaches it.
constexpr double least_threshold = 1e-9;

class Rules {
 public:
  Rules(const Value& value, ImportedService& service, Ledger& ledger)
      : fields_(value, ledger), service_(service), into_(service.service.ejection.emplace()) {}

  void read() {
    consecutive();
    success_rate();
    failure_percentage();
    lengths();
    read_into("max_ejection_percent", read_percent, into_.max_ejected);
    fields_.take("always_eject_one_host", read_truth, into_.always_one, at("always_one"));
    fields_.none("successful_active_health_check_uneject_host", "a good health check ends an ejection");
    fields_.none("monitors", "the rules are those that are listed here");
    report_differences(fields_, EjectionOf::envoy, service_);
    fields_.finish();
  }

 private:
  [[nodiscard]] std::string at(std::string_view key) const {
    return service_.at("ejection." + std::string(key));
  }

  /// A field that report_differences() accounts for.
  template <class T, class Reader>
  void read_into(std::string_view name, const Reader& reader, T& into) {
    const auto value = fields_.find(name);
    if (const auto got = value ? reader(*value) : std::nullopt) into = *got;
  }

  /// A whole number within what a rule can have. Where 1 is the least, Envoy reads 0 as 1 too: an instance
  /// without calls is never judged.
  void count(std::string_view name, std::uint32_t& into, std::string_view to, std::uint64_t least,
             std::uint64_t most) {
    const auto value = fields_.find(name);
    const auto read = value ? read_count(*value) : std::nullopt;
    if (!read) return;
    into = static_cast<std::uint32_t>(std::clamp(*read, least, most));
    if (into >= *read) return fields_.ledger().carried(*value, at(to), into > *read ? "the same as 1" : "");
    fields_.ledger().approximated(*value, at(to), "as near as it can be");
  }

  void consecutive() {
    bool apart = false;
    fields_.take("split_external_local_origin_errors", read_truth, apart, at("local_errors"));
    row("consecutive_5xx", "enforcing_consecutive_5xx", into_.consecutive_5xx, "consecutive_5xx");
    row("consecutive_gateway_failure", "enforcing_consecutive_gateway_failure", into_.consecutive_gateway,
        "consecutive_gateway");
    if (apart) {
      into_.local_errors = instances::LocalErrors::apart;
      row("consecutive_local_origin_failure", "enforcing_consecutive_local_origin_failure",
          into_.consecutive_local, "consecutive_local");
      return;
    }
    into_.consecutive_local.reset();
    fields_.none({"consecutive_local_origin_failure", "enforcing_consecutive_local_origin_failure"},
                 "has no effect without split_external_local_origin_errors");
  }

  void row(std::string_view name, std::string_view enforcing, std::optional<instances::ConsecutiveRule>& rule,
           const std::string& to) {
    const auto value = fields_.find(name);
    if (value && read_count(*value) == std::optional<std::uint64_t>{0}) {
      rule.reset();
      fields_.ledger().carried(*value, at(to), "0: the rule is off");
      return fields_.none(enforcing, "the rule is off");
    }
    count(name, rule->count, to, 1, most_in_a_row);
    fields_.take(enforcing, read_percent, rule->enforce, at(to + ".enforce"));
  }

  void success_rate() {
    instances::SuccessRateRule& rule = *into_.success_rate;
    count("success_rate_minimum_hosts", rule.minimum_hosts, "success_rate.minimum_hosts", 1, 1'000'000);
    count("success_rate_request_volume", rule.volume, "success_rate.volume", 1, 16'000'000);
    std::uint32_t factor = 1900;
    count("success_rate_stdev_factor", factor, "success_rate.stdev", 0, 1'000'000);
    rule.stdev = factor / 1000.0;
    fields_.take("enforcing_success_rate", read_percent, rule.enforce, at("success_rate.enforce"));
    fields_.take("enforcing_local_origin_success_rate", read_percent, rule.enforce_local,
                 at("success_rate.enforce_local"));
  }

  void failure_percentage() {
    instances::FailurePercentageRule& rule = *into_.failure_percentage;
    count("failure_percentage_minimum_hosts", rule.minimum_hosts, "failure_percentage.minimum_hosts", 1,
          1'000'000);
    count("failure_percentage_request_volume", rule.volume, "failure_percentage.volume", 1, 16'000'000);
    if (const auto value = fields_.find("failure_percentage_threshold")) {
      const double read = read_percent(*value).value_or(rule.threshold);
      rule.threshold = std::max(read, least_threshold);
      read == 0 ? fields_.ledger().approximated(*value, at("failure_percentage.threshold"),
                                                "an instance without a failure is no outlier")
                : fields_.ledger().carried(*value, at("failure_percentage.threshold"));
    }
    fields_.take("enforcing_failure_percentage", read_percent, rule.enforce,
                 at("failure_percentage.enforce"));
    fields_.take("enforcing_failure_percentage_local_origin", read_percent, rule.enforce_local,
                 at("failure_percentage.enforce_local"));
  }

  void lengths() {
    read_into("interval", read_interval, into_.interval);
    read_into("base_ejection_time", read_interval, into_.base);
    into_.max = std::max(into_.max, into_.base);
    read_into("max_ejection_time", read_interval, into_.max);
    into_.max = std::max(into_.max, into_.base);
    fields_.take("max_ejection_time_jitter", read_length, into_.jitter, at("jitter"));
  }

  Fields fields_;
  ImportedService& service_;
  EjectionOptions& into_;
};

}  // namespace

void import_outlier_detection(const Value& value, ImportedService& service, Ledger& ledger) {
  Rules{value, service, ledger}.read();
}

}  // namespace switchgear::interop
