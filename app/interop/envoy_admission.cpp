#include "app/interop/envoy_admission.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace json = boost::json;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

constexpr unsigned first_status = 100;
constexpr unsigned last_status = 599;

/// The statuses that are in none of `ranges`.
config::StatusRanges others(const config::StatusRanges& ranges) {
  config::StatusRanges rest;
  for (unsigned status = first_status; status <= last_status; ++status) {
    const auto has = [&](const auto& range) { return range.first <= status && status <= range.second; };
    if (std::ranges::any_of(ranges, has)) continue;
    if (!rest.empty() && rest.back().second + 1 == status) {
      rest.back().second = status;
    } else {
      rest.emplace_back(status, status);
    }
  }
  return rest;
}

/// Of `{start: 200, end: 500}`: the end is not in it.
std::optional<std::pair<unsigned, unsigned>> status_range(const Value& value, Ledger& ledger) {
  Fields range(value, ledger);
  const auto start = range.find("start");
  const auto end = range.find("end");
  range.finish();
  const std::uint64_t from = start ? read_count(*start).value_or(0) : 0;
  const std::uint64_t to = end ? read_count(*end).value_or(0) : 0;
  if (from < first_status || to <= from || to > last_status + 1) {
    value.wrong("not a range of statuses; expected, for example, {start: 200, end: 500}");
    return std::nullopt;
  }
  return std::pair{static_cast<unsigned>(from), static_cast<unsigned>(to - 1)};
}

class Reader {
 public:
  Reader(const Value& filter, Ledger& ledger) : filter_(filter), ledger_(ledger) {}

  /// Empty: it never refuses.
  std::optional<AdmissionControlOptions> read() {
    Fields named(filter_, ledger_);
    named.ignore({"name"});
    Fields fields(named.section("typed_config"), ledger_);
    named.finish();
    fields.ignore({"@type"});
    AdmissionControlOptions options;
    const bool on = is_on(fields);
    criteria(fields.section("success_criteria"));
    if (const auto value = fields.find("sampling_window"))
      take(*value, "window", read_length(*value), Duration{seconds{1}}, Duration{hours{1}}, options.window);
    if (const auto value = fields.find("aggression"))
      take(*value, "aggression", read_number(*value), 1.0, 100.0, options.aggression);
    if (const auto value = fields.find("sr_threshold"))
      take(*value, "success_rate", read_percent(*value), 0.01, 1.0, options.success_rate);
    if (const auto value = fields.find("rps_threshold"))
      take(*value, "min_per_second", read_number(*value), 0.0, 1e6, options.min_per_second);
    const auto most = fields.find("max_rejection_probability");
    const std::optional<double> share = most ? read_percent(*most) : std::nullopt;
    if (share && *share > 0) take(*most, "max_rejection", share, 0.0, 1.0, options.max_rejection);
    fields.finish();
    if (on && (!share || *share > 0)) return options;
    ledger_.none(most && on ? *most : filter_, "left out: it never refuses a call");
    return std::nullopt;
  }

  [[nodiscard]] const config::StatusRanges& failures() const noexcept { return failures_; }

 private:
  bool is_on(Fields& fields) {
    Fields flag(fields.section("enabled"), ledger_);
    flag.ignore({"runtime_key"});
    const auto value = flag.find("default_value");
    flag.finish();
    return !value || read_truth(*value).value_or(true);
  }

  template <class T>
  void take(const Value& value, std::string_view key, const std::optional<T>& read, T least, T most,
            T& into) {
    if (!read) return;
    into = std::clamp(*read, least, most);
    const std::string to = "admission." + std::string(key);
    if (into == *read) return ledger_.carried(value, to);
    ledger_.approximated(value, to, "as near as it can be");
  }

  void criteria(const Value& value) {
    Fields criteria(value, ledger_);
    criteria.none("grpc_criteria", "the gateway speaks HTTP/1.1");
    Fields http(criteria.section("http_criteria"), ledger_);
    criteria.finish();
    if (const auto list = http.find("http_success_status")) {
      config::StatusRanges good;
      for (const Value& item : config::items(*list, "[{start: 200, end: 500}]")) {
        if (const auto range = status_range(item, ledger_)) good.push_back(*range);
      }
      failures_ = others(good);
      ledger_.carried(*list, "failure_when.status");
    }
    http.finish();
  }

  const Value& filter_;
  Ledger& ledger_;
  config::StatusRanges failures_ = config::FailureWhen{}.status;
};

json::object runtime(json::value value, std::string_view key) {
  return {{"default_value", std::move(value)}, {"runtime_key", "admission_control." + std::string(key)}};
}

json::object percent(double share, std::string_view key) {
  return runtime(json::object{{"value", percent_of(share)}}, key);
}

}  // namespace

void import_envoy_admission(const Value& filter, Imported& imported, Ledger& ledger) {
  Reader reader{filter, ledger};
  const auto options = reader.read();
  if (!options) return;
  bool any = false;
  for (ImportedService& service : imported.services) {
    if (service.service.routes.empty()) continue;
    any = true;
    service.policy.admission = options;
    service.policy.failure_when.status = reader.failures();
  }
  if (!any) return ledger.none(filter, "no service has a route");
  ledger.approximated(filter, "admission of each policy",
                      "counted by service and for all threads together, not by listener and thread");
}

std::optional<json::object> envoy_admission(const config::Config& config, Ledger& ledger) {
  const config::Policy* first = nullptr;
  bool same = true;
  for (const auto& [name, service] : config.services) {
    const config::Policy& policy = config.policies.at(service.policy);
    if (first == nullptr) first = &policy;
    same = same && policy.admission == first->admission &&
           policy.failure_when.status == first->failure_when.status;
  }
  if (first == nullptr || (same && !first->admission)) return std::nullopt;
  const std::string_view filter = "listener switchgear: http_filters";
  for (const auto& [name, service] : config.services) {
    const config::Policy& policy = config.policies.at(service.policy);
    if (!policy.admission) continue;
    const std::string from = "policies." + policy.name + ".admission";
    if (same) {
      ledger.approximated(from, filter, "counted by listener and thread, not by service");
    } else {
      ledger.none(from, "a listener has one for all of its services, and theirs differ");
    }
  }
  if (!same) return std::nullopt;

  json::array good;
  for (const auto& [from, to] : others(first->failure_when.status))
    good.push_back(json::object{{"start", from}, {"end", to + 1}});
  const AdmissionControlOptions& options = *first->admission;
  json::object settings{
      {"@type", "type.googleapis.com/envoy.extensions.filters.http.admission_control.v3.AdmissionControl"},
      {"success_criteria",
       json::object{{"http_criteria", json::object{{"http_success_status", std::move(good)}}}}},
      {"sampling_window", seconds_text(options.window)},
      {"aggression", runtime(options.aggression, "aggression")},
      {"sr_threshold", percent(options.success_rate, "sr_threshold")},
      {"rps_threshold",
       runtime(static_cast<std::uint32_t>(std::ceil(options.min_per_second)), "rps_threshold")},
      {"max_rejection_probability", percent(options.max_rejection, "max_rejection_probability")}};
  return json::object{{"name", "envoy.filters.http.admission_control"},
                      {"typed_config", std::move(settings)}};
}

}  // namespace switchgear::interop
