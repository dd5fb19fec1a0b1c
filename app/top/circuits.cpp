#include "app/top/circuits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/top/figures.hpp"

namespace switchgear::top {
namespace json = boost::json;
using control::number_in;
using control::number_of;
using control::object_of;
using control::text_of;

namespace {

std::optional<int> health_of(const json::object& breaker) {
  const auto score = number_in(breaker, "health_score");
  if (!score) return std::nullopt;
  return static_cast<int>(std::lround(std::clamp(*score, 0.0, 100.0)));
}

}  // namespace

std::optional<double> Circuit::retry_in(TimePoint now) const {
  if (!retry_after) return std::nullopt;
  return std::max(0.0, *retry_after - to_seconds(now - received));
}

std::optional<double> Circuit::in_state_for(TimePoint now) const {
  if (!age) return std::nullopt;
  return *age + to_seconds(now - received);
}

std::string Circuit::state_text() const {
  if (metrics_only) return state + " (m)";
  if (fleet_open && state == "closed") return "fleet_open";
  if (!level.empty()) return state + " (" + level.substr(0, 1) + ")";
  if (!ramping) return state;
  return ramp_share ? fmt::format("{} ({:.0f}%)", state, std::floor(100 * *ramp_share)) : state + " (ramp)";
}

void Circuits::apply(const control::ServerEvent& event, TimePoint now) {
  const bool whole = event.type == "snapshot";
  if (!whole && event.type != "delta") return;
  const json::value data = json::parse(event.data);
  const json::object& all = data.as_object();
  const double at = utc_seconds(text_of(all, "at"));
  std::set<std::string, std::less<>> there;
  for (const json::value& each : control::array_of(all, "circuit_breakers")) {
    update(each.as_object(), at, now);
    if (whole) there.emplace(std::string_view{each.get_object().at("name").as_string()});
  }
  if (whole) std::erase_if(circuits_, [&there](const auto& each) { return !there.contains(each.first); });
  for (const json::value& each : control::array_of(all, "removed")) {
    const auto gone = circuits_.find(std::string_view{each.as_string()});
    if (gone != circuits_.end()) circuits_.erase(gone);
  }
  health_ = text_of(all, "health");
}

void Circuits::update(const json::object& breaker, double at, TimePoint now) {
  const std::string name{std::string_view{breaker.at("name").as_string()}};
  Circuit& circuit = circuits_[name];
  circuit.name = name;
  circuit.shown = control::printable(name);
  circuit.state = text_of(breaker, "state");
  circuit.metrics_only = text_of(breaker, "mode") == "metrics_only";
  circuit.ramping = control::is_true(breaker, "ramping");
  circuit.ramp_share.reset();
  if (const json::object& ramp = object_of(breaker, "ramp"); !ramp.empty())
    circuit.ramp_share = number_of(ramp, "share");
  circuit.fleet_open = control::is_true(breaker, "fleet_open");
  circuit.level = text_of(object_of(breaker, "level"), "name");
  if (circuit.level == "warning") circuit.level.clear();
  const json::object& rates = object_of(breaker, "rates");
  circuit.rates = {number_of(rates, "calls_per_second"), number_of(rates, "failures_per_second"),
                   number_of(rates, "rejected_per_second")};
  circuit.failure_rate = number_of(object_of(breaker, "window"), "failure_rate");
  circuit.health = health_of(breaker);
  circuit.retry_after = number_in(breaker, "retry_after");
  // By the server's clock at both ends, which may differ from this machine's.
  const double age = at - utc_seconds(text_of(breaker, "since"));
  circuit.age = std::isnan(age) ? std::nullopt : std::optional{std::max(0.0, age)};
  circuit.received = now;
  json::object document = breaker;
  if (!document.contains("policy") && circuit.document.contains("policy"))
    document["policy"] = std::move(circuit.document["policy"]);
  circuit.document = std::move(document);
}

void Circuits::sample(TimePoint now, Data data) {
  constexpr Duration second = std::chrono::seconds{1};
  if (!sampled_ || now - *sampled_ > second * RateHistory::seconds) sampled_ = now - second;
  for (; now - *sampled_ >= second; *sampled_ += second) {
    for (auto& [name, circuit] : circuits_) {
      if (data == Data::live) {
        circuit.history.add(circuit.rates);
      } else {
        circuit.history.add_unknown();
      }
    }
  }
}

const Circuit* Circuits::find(std::string_view name) const {
  const auto found = circuits_.find(name);
  return found == circuits_.end() ? nullptr : &found->second;
}

std::size_t Circuits::refusing() const {
  return static_cast<std::size_t>(std::count_if(circuits_.begin(), circuits_.end(),
                                                [](const auto& each) { return each.second.refuses(); }));
}

}  // namespace switchgear::top
