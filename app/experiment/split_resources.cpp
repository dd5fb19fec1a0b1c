#include "app/experiment/split_resources.hpp"

#include <boost/json/object.hpp>
#include <utility>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/core/state.hpp"
#include "switchgear/observe/figures/quantile.hpp"

namespace switchgear::experiment {

namespace {

namespace json = boost::json;
using admin::ResourceAnswer;
using admin::ResourceRequest;

[[nodiscard]] double ratio(std::uint64_t part, std::uint64_t whole) noexcept {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

[[nodiscard]] json::value latency_json(const DurationHistogramSnapshot& seen) {
  if (seen.count == 0) return nullptr;
  const auto quantile = [&](double q) {
    const auto found = figures::quantile(seen.counts, q);
    return found ? to_seconds(found->value) : 0.0;
  };
  return {{"mean", to_seconds(seen.sum) / static_cast<double>(seen.count)},
          {"p50", quantile(0.5)},
          {"p95", quantile(0.95)},
          {"p99", quantile(0.99)}};
}

/// The mean, in seconds.
[[nodiscard]] json::value time_to_detect_json(const ArmOpenings& seen) {
  if (seen.detected == 0) return nullptr;
  return to_seconds(seen.until_open) / static_cast<double>(seen.detected);
}

[[nodiscard]] json::object arm_json(const char* name, const SplitArm& arm) {
  json::value breaker = nullptr;
  if (arm.breaker) {
    breaker = {{"circuit", arm.breaker->circuit},
               {"state", switchgear::to_string(arm.breaker->state)},
               {"opened", arm.breaker->opened},
               {"doubtful", arm.breaker->openings.doubtful},
               {"judged", arm.breaker->openings.judged},
               {"time_to_detect", time_to_detect_json(arm.breaker->openings)}};
  }
  return {{"arm", name},
          {"policy", arm.policy},
          {"requests", arm.block.calls},
          {"bad", arm.block.bad},
          {"refused", arm.refused},
          {"bad_ratio", ratio(arm.block.bad, arm.block.calls)},
          {"latency", latency_json(arm.durations)},
          {"breaker", std::move(breaker)}};
}

[[nodiscard]] json::array history_json(const std::vector<SplitPoint>& history) {
  json::array all;
  for (const SplitPoint& point : history) {
    all.push_back(json::object{{"at", admin::iso8601(point.at)},
                               {"blocks", point.blocks},
                               {"low", point.difference.low},
                               {"high", point.difference.high},
                               {"current", point.current_rate},
                               {"candidate", point.candidate_rate}});
  }
  return all;
}

[[nodiscard]] json::object split_json(const SplitStanding& each) {
  json::value stopped = nullptr, needs = nullptr, by = nullptr, values = nullptr, latency = nullptr;
  if (each.halt != Halt::none)
    stopped = {{"why", to_string(each.halt)}, {"at", admin::iso8601(each.halted.value_or(each.since))}};
  if (each.need) needs = {{"difference", each.need->difference}, {"blocks", each.need->blocks}};
  if (!each.options.header.empty()) {
    by = json::value(each.options.header);
    values = json::value(each.values);
  }
  if (each.finding.latency) latency = json::value(to_string(*each.finding.latency));
  return {{"service", each.service},
          {"since", admin::iso8601(each.since)},
          {"candidate", each.options.candidate},
          {"share", each.options.share},
          {"by", std::move(by)},
          {"block", to_seconds(each.options.block)},
          {"stopped", std::move(stopped)},
          {"verdict", to_string(each.finding.verdict)},
          {"latency_verdict", std::move(latency)},
          {"blocks", each.finding.blocks},
          {"difference", {{"low", each.finding.difference.low}, {"high", each.finding.difference.high}}},
          {"needs", std::move(needs)},
          {"values", std::move(values)},
          {"left_out", each.left_out},
          {"arms", {arm_json("current", each.current), arm_json("candidate", each.candidate)}},
          {"history", history_json(each.history)}};
}

[[nodiscard]] admin::Problem unknown(std::string_view service) {
  return {404, "service '" + std::string{service} + "' has no experiment.split", {}};
}

/// As it stands after a command.
[[nodiscard]] ResourceAnswer standing_of(const Splits& splits, std::string_view service, TimePoint now) {
  for (const SplitStanding& each : splits.all(now)) {
    if (each.service == service) return admin::Json{split_json(each)};
  }
  return unknown(service);
}

/// Of a file that a browser saves: only letters, digits and `.-_`.
[[nodiscard]] std::string file_name(std::string_view service) {
  std::string name;
  for (const char c : service) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    name += plain ? c : '-';
  }
  return "promote-" + name + ".patch";
}

}  // namespace

json::array splits_json(const Splits& splits, TimePoint now) {
  json::array all;
  for (const SplitStanding& each : splits.all(now)) all.push_back(split_json(each));
  return all;
}

std::vector<admin::AddedResource> split_resources(Splits& splits, SplitCommands commands,
                                                  const std::function<TimePoint()>& now) {
  std::vector<admin::AddedResource> resources;
  resources.push_back({.method = admin::Method::post,
                       .path = "/experiments/{name}/stop",
                       .handle = [&splits, now](const ResourceRequest& request) -> ResourceAnswer {
                         const std::string service{request.name};
                         if (splits.stop(service, now()) == Splits::Stopped::not_found)
                           return unknown(service);
                         return standing_of(splits, service, now());
                       },
                       .command = "stop-split"});
  resources.push_back({.method = admin::Method::post,
                       .path = "/experiments/{name}/restart",
                       .handle = [&splits, now, restart = std::move(commands.restart)](
                                     const ResourceRequest& request) -> ResourceAnswer {
                         const std::string service{request.name};
                         if (!restart(service)) return unknown(service);
                         splits.restarted(service, now());
                         return standing_of(splits, service, now());
                       },
                       .command = "restart-split"});
  resources.push_back({.method = admin::Method::post,
                       .path = "/experiments/{name}/promote",
                       .handle = [&splits, promote = std::move(commands.promote)](
                                     const ResourceRequest& request) -> ResourceAnswer {
                         const std::string service{request.name};
                         const auto split = splits.find(service);
                         if (!split) return unknown(service);
                         auto made = promote(split->subject());
                         if (const auto* cannot = std::get_if<CannotPromote>(&made))
                           return admin::Problem{409, cannot->why, {}};
                         return admin::Text{std::get<std::string>(std::move(made)),
                                            "text/x-diff; charset=utf-8", file_name(service)};
                       },
                       .command = "promote-split"});
  return resources;
}

}  // namespace switchgear::experiment
