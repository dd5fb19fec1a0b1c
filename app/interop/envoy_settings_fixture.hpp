// For tests: random settings of Envoy's outlier detection, the file they are written in, and the ejection
// that an import makes of it.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <sstream>
#include <string>

#include "app/interop/envoy_detector_fixture.hpp"
#include "app/interop/interop_fixture.hpp"
#include "switchgear/core/random.hpp"

namespace switchgear::interop {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  /// Both included.
  int between(int least, int most) {
    return least + static_cast<int>(random_.next() % static_cast<std::uint64_t>(most - least + 1));
  }
  bool one_in(int n) { return between(1, n) == 1; }
  template <class T>
  T from(std::initializer_list<T> of) {
    return of.begin()[between(0, static_cast<int>(of.size()) - 1)];
  }

 private:
  Random random_;
};

// --- settings

/// Written as they are in a file; a field that is not set is not there.
class Written {
 public:
  template <class T>
  Written& field(const char* name, const std::optional<T>& value) {
    if (value) text_ << (text_.str().empty() ? "" : ", ") << name << ": " << *value;
    return *this;
  }
  Written& truth(const char* name, const std::optional<bool>& value) {
    return field(name, value ? std::optional{*value ? "true" : "false"} : std::nullopt);
  }
  Written& length(const char* name, const std::optional<Millis>& value) {
    if (!value) return *this;
    std::ostringstream seconds;
    seconds << *value / 1000 << '.' << std::to_string(1000 + *value % 1000).substr(1) << 's';
    return field(name, std::optional{seconds.str()});
  }
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

inline std::string outlier_detection(const EnvoySettings& set) {
  return Written{}
      .field("consecutive_5xx", set.consecutive_5xx)
      .field("consecutive_gateway_failure", set.consecutive_gateway_failure)
      .field("consecutive_local_origin_failure", set.consecutive_local_origin_failure)
      .field("enforcing_consecutive_5xx", set.enforcing_consecutive_5xx)
      .field("enforcing_consecutive_gateway_failure", set.enforcing_consecutive_gateway_failure)
      .field("enforcing_consecutive_local_origin_failure", set.enforcing_consecutive_local_origin_failure)
      .truth("split_external_local_origin_errors", set.split_external_local_origin_errors)
      .field("success_rate_minimum_hosts", set.success_rate_minimum_hosts)
      .field("success_rate_request_volume", set.success_rate_request_volume)
      .field("success_rate_stdev_factor", set.success_rate_stdev_factor)
      .field("enforcing_success_rate", set.enforcing_success_rate)
      .field("enforcing_local_origin_success_rate", set.enforcing_local_origin_success_rate)
      .field("failure_percentage_threshold", set.failure_percentage_threshold)
      .field("failure_percentage_minimum_hosts", set.failure_percentage_minimum_hosts)
      .field("failure_percentage_request_volume", set.failure_percentage_request_volume)
      .field("enforcing_failure_percentage", set.enforcing_failure_percentage)
      .field("enforcing_failure_percentage_local_origin", set.enforcing_failure_percentage_local_origin)
      .length("interval", set.interval)
      .length("base_ejection_time", set.base_ejection_time)
      .length("max_ejection_time", set.max_ejection_time)
      .length("max_ejection_time_jitter", set.max_ejection_time_jitter)
      .field("max_ejection_percent", set.max_ejection_percent)
      .truth("always_eject_one_host", set.always_eject_one_host)
      .text();
}

inline std::string cluster(const EnvoySettings& set) {
  std::string text =
      "clusters:\n"
      "- name: shop\n"
      "  type: STATIC\n"
      "  outlier_detection: {" +
      outlier_detection(set) + "}\n  load_assignment:\n";
  if (set.overprovisioning_factor)
    text += "    policy: {overprovisioning_factor: " + std::to_string(*set.overprovisioning_factor) + "}\n";
  text +=
      "    endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: "
      "80}}}}]}]\n";
  if (set.healthy_panic_threshold)
    text += "  common_lb_config: {healthy_panic_threshold: {value: " +
            std::to_string(*set.healthy_panic_threshold) + "}}\n";
  return text;
}

/// The ejection that `switchgear import` makes of the file.
inline instances::EjectionOptions imported(Mesh mesh, const std::string& text) {
  const Ran ran = run_import_of(mesh, text);
  EXPECT_EQ(ran.code, 0) << text << ran.err;
  const config::Config config = config::config_of(ran.out);
  if (config.services.size() != 1 || !config.services.begin()->second.ejection) {
    ADD_FAILURE() << "no ejection\n" << text << ran.out;
    return {};
  }
  return *config.services.begin()->second.ejection;
}

enum class Shares : std::uint8_t { any, all_or_none };

/// Any settings that Envoy takes, small enough for few calls to matter.
inline EnvoySettings any_settings(Dice& dice, Shares shares) {
  EnvoySettings set;
  const auto maybe = [&](int least, int most) -> EnvoySettings::Count {
    if (dice.one_in(3)) return std::nullopt;
    return static_cast<std::uint32_t>(dice.between(least, most));
  };
  const auto percent = [&]() -> EnvoySettings::Count {
    if (dice.one_in(3)) return std::nullopt;
    if (shares == Shares::all_or_none || dice.one_in(2)) return dice.one_in(3) ? 0 : 100;
    return static_cast<std::uint32_t>(dice.between(1, 99));
  };
  const auto maybe_truth = [&]() -> std::optional<bool> {
    if (dice.one_in(3)) return std::nullopt;
    return dice.one_in(2);
  };
  set.consecutive_5xx = maybe(0, 5);
  set.consecutive_gateway_failure = maybe(0, 4);
  set.consecutive_local_origin_failure = maybe(0, 4);
  set.enforcing_consecutive_5xx = percent();
  set.enforcing_consecutive_gateway_failure = percent();
  set.enforcing_consecutive_local_origin_failure = percent();
  set.split_external_local_origin_errors = maybe_truth();
  set.success_rate_minimum_hosts = maybe(0, 4);
  set.success_rate_request_volume = dice.between(0, 6);
  set.success_rate_stdev_factor = maybe(0, 2000);
  set.enforcing_success_rate = percent();
  set.enforcing_local_origin_success_rate = percent();
  set.failure_percentage_threshold = maybe(1, 100);
  set.failure_percentage_minimum_hosts = maybe(0, 4);
  set.failure_percentage_request_volume = dice.between(0, 6);
  set.enforcing_failure_percentage = percent();
  set.enforcing_failure_percentage_local_origin = percent();
  set.interval = dice.from<Millis>({1'000, 3'000, 10'000});
  set.base_ejection_time = dice.from<Millis>({500, 1'000, 2'500, 7'000});
  if (!dice.one_in(4))
    set.max_ejection_time = *set.base_ejection_time * dice.between(1, 4) + dice.between(0, 1) * 333;
  set.max_ejection_percent =
      dice.one_in(5) ? std::nullopt : EnvoySettings::Count{static_cast<std::uint32_t>(dice.between(0, 100))};
  set.always_eject_one_host = maybe_truth();
  set.healthy_panic_threshold = maybe(0, 100);
  if (dice.one_in(4)) set.overprovisioning_factor = dice.between(50, 200);
  return set;
}

}  // namespace switchgear::interop
