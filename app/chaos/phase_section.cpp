#include <chrono>
#include <string_view>

#include "app/chaos/scenario_sections.hpp"
#include "app/chaos/shapes.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::chaos {
namespace {

using config::Length;
using config::Number;
using config::Section;
using config::Value;
using config::Whole;
using namespace std::chrono_literals;

constexpr std::size_t most_phases = 500;
constexpr Duration longest_latency = 10min;

/// A duration as seconds, which a ramp can go through.
struct Seconds {
  [[nodiscard]] std::optional<double> operator()(const Value& value) const {
    const auto length = Length{0s, longest_latency}(value);
    return length ? std::optional(to_seconds(*length)) : std::nullopt;
  }
};

/// One value, or `{from: …, to: …}`.
template <class Reader>
struct RampOf {
  Reader reader;
  std::string_view example;

  [[nodiscard]] std::optional<Ramp> operator()(const Value& value) const {
    if (value.node->kind != config::Node::Kind::mapping) {
      const auto constant = reader(value);
      return constant ? std::optional(Ramp{*constant, *constant}) : std::nullopt;
    }
    const std::size_t errors_before = value.report->errors();
    Section section(value);
    Ramp ramp;
    section.require("from", ramp.from, reader, example);
    section.require("to", ramp.to, reader, example);
    section.finish();
    return value.report->errors() == errors_before ? std::optional(ramp) : std::nullopt;
  }
};

constexpr RampOf<Number> share_ramp{{0, 1}, "{from: 0, to: 0.6}"};
constexpr RampOf<Seconds> latency_ramp{{}, "{from: 2s, to: 0s}"};
constexpr RampOf<Number> capacity_ramp{{0, 100'000}, "{from: 50, to: 5}"};

/// When, for how long, and whom it concerns.
void read_frame(Section& section, const Scenario& scenario, Phase& phase) {
  section.read("at", phase.at, Length{0s, 1h});
  phase.service = read_service_name(section, scenario);
  if (const auto instance = section.find("instance")) {
    const auto played = scenario.services.find(phase.service);
    const std::size_t instances = played == scenario.services.end() ? 1 : played->second.ports.size();
    if (const auto number = Whole{1, instances}(*instance)) phase.instance = *number;
  }
  section.read("path", phase.path, config::Text{});
  section.read("share", phase.share, Number{0, 1});
  const Duration end = scenario.load.duration;
  phase.length = end - phase.at;
  const auto length = section.find("for");
  section.read("for", phase.length, Length{1ms, 1h});
  if (end == Duration::zero()) return;  // the load has an error
  if (phase.at >= end)
    section.wrong("begins at " + config::format_duration(phase.at) + ", when the load is over (" +
                  config::format_duration(end) + ")");
  else if (length && phase.at + phase.length > end)
    length->wrong("ends at " + config::format_duration(phase.at + phase.length) + ", after the load (" +
                  config::format_duration(end) + ")");
}

bool possible(const Phase& phase) {
  const auto most = [](const std::optional<Ramp>& ramp, double Ramp::*end) { return ramp ? *ramp.*end : 0; };
  const auto sum = [&](double Ramp::*end) {
    return most(phase.errors, end) + most(phase.hang, end) + most(phase.reset, end);
  };
  constexpr double rounding = 1e-9;
  return sum(&Ramp::from) <= 1 + rounding && sum(&Ramp::to) <= 1 + rounding;
}

void read_faults(Section& section, Phase& phase) {
  const std::size_t errors_before = section.self().report->errors();
  section.read("errors", phase.errors, share_ramp);
  section.read("status", phase.status, Whole{400, 599});
  section.read("hang", phase.hang, share_ramp);
  section.read("reset", phase.reset, share_ramp);
  section.read("latency", phase.latency, latency_ramp);
  section.read("capacity", phase.capacity, capacity_ramp);
  section.read("refuse", phase.refuse, config::Truth{});
  section.read("flapping", phase.flapping, Length{10ms, 1h});
  if (section.self().report->errors() > errors_before || !section.is_mapping()) return;
  if (!phase.errors && !phase.hang && !phase.reset && !phase.latency && !phase.capacity && !phase.refuse)
    section.wrong("nothing fails; expected errors, latency, hang, reset, capacity, refuse or shape");
  if (!possible(phase)) section.wrong("errors, hang and reset add up to more than 1");
}

std::vector<Phase> read_phase(const Value& value, const Scenario& scenario) {
  const std::size_t errors_before = value.report->errors();
  Phase phase;
  Section section(value);
  const auto shape = section.find("shape");
  read_frame(section, scenario, phase);
  const auto service = scenario.services.find(phase.service);
  const bool relays = service != scenario.services.end() && !service->second.relay.empty();
  if (!shape) {
    read_faults(section, phase);
    section.finish();
    if (relays && (phase.errors || phase.reset || phase.latency || phase.capacity || !phase.path.empty() ||
                   phase.share < 1))
      section.wrong("service " + config::quoted(phase.service) +
                    " is a relay, which only knows refuse and hang");
    return {phase};
  }
  if (relays) shape->wrong("of a relay, which only knows refuse and hang");
  const auto named = config::Named<Shape>{shape_names}(*shape);
  const bool slow = named == Shape::slow_query || named == Shape::one_of_many_services_degradation;
  if (slow) section.read("latency", phase.latency, latency_ramp);
  section.finish();
  return named && value.report->errors() == errors_before ? phases_of(*named, phase) : std::vector<Phase>{};
}

}  // namespace

std::string read_service_name(Section& section, const Scenario& scenario) {
  const auto value = section.find("service");
  if (!value) {
    if (scenario.services.size() == 1) return scenario.services.begin()->first;
    section.missing("service", scenario.services.empty() ? "services: {payment: {}}" : "service: payment");
    return {};
  }
  const auto name = config::Text{}(*value);
  if (!name || scenario.services.contains(*name)) return name.value_or("");
  std::vector<std::string_view> played;
  for (const auto& [each, service] : scenario.services) played.push_back(each);
  value->wrong("service " + config::quoted(*name) + " is not played" +
               (played.empty()
                    ? "; this file has no services"
                    : "; expected " + config::one_of(played) + config::did_you_mean(*name, played)));
  return {};
}

void read_phases(const Value& list, Scenario& scenario) {
  for (const Value& item :
       config::items(list, "phases: [{at: 10s, for: 15s, service: payment, errors: 1.0}]")) {
    for (Phase& phase : read_phase(item, scenario)) {
      if (scenario.phases.size() == most_phases)
        return item.wrong("is one too many; expected at most " + std::to_string(most_phases) + " phases");
      scenario.phases.push_back(std::move(phase));
    }
  }
}

}  // namespace switchgear::chaos
