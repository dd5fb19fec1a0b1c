#include "app/history/history_resource.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "app/history/history.hpp"
#include "app/history/instant.hpp"
#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/admin/instance_json.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/observe/figures/quantile.hpp"

namespace switchgear::history {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using admin::Problem;
using admin::ResourceAnswer;
using admin::ResourceRequest;

constexpr Duration usual_span = 1h;
constexpr std::int64_t usual_points = 360;

/// The part of the past that a query means.
struct Span {
  WallAnchor::Wall from{};
  WallAnchor::Wall to{};
  std::chrono::seconds step{0};
};

[[nodiscard]] Problem bad(const char* parameter, std::string detail) {
  return {400, std::move(detail), {{"parameter", parameter}}};
}

/// Reads `from` or `to`.
[[nodiscard]] std::optional<Problem> read_instant(const ResourceRequest& request, const char* parameter,
                                                  WallAnchor::Wall now, WallAnchor::Wall& out) {
  const std::string* text = request.parameter(parameter);
  if (text == nullptr) return std::nullopt;
  const auto instant = parse_instant(*text, now);
  if (!instant) {
    return bad(parameter, std::string{parameter} +
                              " is not a point in time: use 2026-03-01T12:00:00Z, -1h (before now) or now");
  }
  out = *instant;
  return std::nullopt;
}

/// Reads `step`, or finds one that suits the span.
[[nodiscard]] std::optional<Problem> read_step(const ResourceRequest& request, Span& span) {
  const Duration length = span.to - span.from;
  const std::string* text = request.parameter("step");
  if (text == nullptr) {
    const auto least = std::chrono::ceil<std::chrono::seconds>(length / usual_points);
    span.step = least <= 60s ? std::max(least, std::chrono::seconds{1}) : (least + 59s) / 60s * 60s;
    return std::nullopt;
  }
  const auto step = config::parse_duration(*text).value;
  if (!step || *step < 1s || *step % Duration{1s} != Duration::zero())
    return bad("step", "step is not a length of time in whole seconds, such as 10s, 1m or 1h");
  if (length / *step > most_points) {
    return bad("step", "that would be " + std::to_string(length / *step) +
                           " samples, and an answer has at most " + std::to_string(most_points) +
                           ": use a longer step or a shorter span");
  }
  span.step = std::chrono::duration_cast<std::chrono::seconds>(*step);
  return std::nullopt;
}

[[nodiscard]] std::variant<Span, Problem> span_of(const ResourceRequest& request, WallAnchor::Wall now) {
  Span span{now - usual_span, now};
  if (auto wrong = read_instant(request, "to", now, span.to)) return *std::move(wrong);
  span.from = span.to - usual_span;
  if (auto wrong = read_instant(request, "from", now, span.from)) return *std::move(wrong);
  if (span.from >= span.to) return bad("from", "from must be before to");
  if (auto wrong = read_step(request, span)) return *std::move(wrong);
  return span;
}

[[nodiscard]] json::value quantile_json(const figures::Buckets& took, double q) {
  const auto found = figures::quantile(took, q);
  return found ? json::value(to_seconds(found->value)) : json::value(nullptr);
}

[[nodiscard]] json::object latency_json(const CircuitSample& sample) {
  const figures::Buckets took = figures::added(sample.successes_took, sample.failures_took);
  const std::uint64_t calls = figures::calls_in(took);
  json::value mean = nullptr;
  if (calls != 0) mean = to_seconds(sample.success_time + sample.failure_time) / static_cast<double>(calls);
  return {{"mean", std::move(mean)},
          {"p50", quantile_json(took, 0.5)},
          {"p95", quantile_json(took, 0.95)},
          {"p99", quantile_json(took, 0.99)}};
}

[[nodiscard]] json::value level_json(const std::optional<BreakerLevel>& level) {
  if (!level) return nullptr;
  return json::value(to_string(*level));
}

[[nodiscard]] json::object sample_json(const CircuitSample& sample,
                                       const std::optional<BreakerLevel>& level) {
  json::object failures;
  for (const FailureType type : failure_types)
    failures[to_string(type)] = sample.failures[static_cast<std::size_t>(type)];
  return {{"at", admin::iso8601(sample.from)},
          {"length", sample.length.count()},
          {"state", to_string(sample.state)},
          {"level", level_json(level)},
          {"successes", sample.successes},
          {"failures", std::accumulate(sample.failures.begin(), sample.failures.end(), std::uint64_t{0})},
          {"failures_by_type", std::move(failures)},
          {"slow", sample.slow},
          {"ignored", sample.ignored},
          {"rejected", sample.rejected},
          {"fallbacks", json::object{{"answered", sample.fallbacks_answered},
                                     {"queued", sample.fallbacks_queued},
                                     {"failed", sample.fallbacks_failed}}},
          {"latency", latency_json(sample)}};
}

[[nodiscard]] json::array commands_json(const std::vector<TimedCommand>& commands) {
  json::array all;
  for (const auto& [at, command] : commands) {
    all.push_back(json::object{{"at", admin::iso8601(at)},
                               {"command", command.command},
                               {"circuit", command.circuit},
                               {"client", command.client},
                               {"result", to_string(command.result)}});
  }
  return all;
}

[[nodiscard]] json::array instances_json(const std::vector<LoggedInstance>& events) {
  json::array all;
  for (const LoggedInstance& each : events) all.push_back(admin::instance_json(each));
  return all;
}

[[nodiscard]] ResourceAnswer list_of_circuits(History& history, const Span& span) {
  json::array names;
  for (const std::string& name : history.circuits()) names.emplace_back(name);
  return admin::Json{
      json::object{{"circuits", std::move(names)},
                   {"commands", commands_json(history.commands(std::nullopt, span.from, span.to))}}};
}

[[nodiscard]] ResourceAnswer past_of(History& history, const WallAnchor& anchor, const std::string& name,
                                     const Span& span) {
  const CircuitHistory found = history.read(name, span.from, span.to, span.step);
  const auto instances = history.instances(name, span.from, span.to);
  if (found.samples.empty() && found.transitions.empty() && instances.empty()) {
    const auto known = history.circuits();
    if (!std::binary_search(known.begin(), known.end(), name))
      return Problem{404, "no circuit of that name has a history", {{"circuit", name}}};
  }
  json::object made = history_json(found, anchor);
  made["instances"] = instances_json(instances);
  made["commands"] = commands_json(history.commands(name, span.from, span.to));
  made["from"] = admin::iso8601(span.from);
  made["to"] = admin::iso8601(span.to);
  made["step"] = span.step.count();
  return admin::Json{std::move(made)};
}

}  // namespace

json::object history_json(const CircuitHistory& history, const WallAnchor& anchor) {
  json::array samples;
  for (const CircuitSample& each : history.samples)
    samples.push_back(sample_json(each, history.level_at(each.from + each.length)));
  json::array transitions;
  for (const LoggedTransition& each : history.transitions)
    transitions.push_back(admin::transition_json(each, anchor));
  json::array levels;
  for (const PastLevel& each : history.levels)
    levels.push_back(admin::level_change_json(each.change, WallAnchor{each.change.at, each.wall}));
  return {{"circuit", history.circuit},
          {"samples", std::move(samples)},
          {"transitions", std::move(transitions)},
          {"levels", std::move(levels)}};
}

admin::AddedResource history_resource(History& history, WallAnchor anchor,
                                      std::function<WallAnchor::Wall()> now) {
  const auto handle = [&history, anchor,
                       now = std::move(now)](const ResourceRequest& request) -> ResourceAnswer {
    try {
      const std::string* name = request.parameter("name");
      const auto span = span_of(request, now());
      if (const auto* wrong = std::get_if<Problem>(&span)) return *wrong;
      if (name == nullptr) return list_of_circuits(history, std::get<Span>(span));
      return past_of(history, anchor, *name, std::get<Span>(span));
    } catch (const Busy& busy) {
      return Problem{503, busy.what()};
    }
  };
  return {admin::Method::get, "/history", {"name", "from", "to", "step"}, handle};
}

}  // namespace switchgear::history
