#include "app/alert/alert_resources.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/config/timestamp.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::alert {

namespace {

namespace json = boost::json;

using admin::iso8601;

constexpr std::size_t longest_text = 500;
constexpr Duration longest_silence = std::chrono::hours{24 * 365};

[[nodiscard]] json::value instant(Moment moment) {
  return moment == Moment{} ? json::value(nullptr) : json::value(iso8601(moment));
}

/// Null if the text is empty.
[[nodiscard]] json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(as_utf8(text));  // in braces it would be an array
}

[[nodiscard]] json::object alert_json(const Alerts::Shown& shown) {
  const Incident& incident = shown.incident;
  json::object labels;
  for (const auto& [name, value] : incident.labels) labels[as_utf8(name)] = as_utf8(value);
  json::object told;
  for (const auto& [channel, what] : incident.told) {
    told[channel] = json::object{{"firing", what.firing},
                                 {"resolved", what.resolved},
                                 {"repeats", what.repeats},
                                 {"last", instant(what.last)}};
  }
  json::value acknowledged;
  if (incident.acknowledged)
    acknowledged = {{"by", incident.acknowledged->by}, {"at", iso8601(incident.acknowledged->at)}};
  return {{"id", incident.id},
          {"rule", incident.rule},
          {"circuit", as_utf8(incident.circuit)},
          {"severity", to_string(incident.severity)},
          {"state", to_string(incident.stage)},
          {"message", as_utf8(shown.text)},
          {"evidence", json::object{{"text", as_utf8(incident.evidence.text)},
                                    {"value", incident.evidence.value},
                                    {"threshold", incident.evidence.threshold},
                                    {"calls", incident.evidence.calls}}},
          {"since", instant(incident.since)},
          {"fired_at", instant(incident.fired_at)},
          {"resolved_at", instant(incident.resolved_at)},
          {"acknowledged", std::move(acknowledged)},
          {"muted_by", text_or_null(shown.muted_by)},
          {"runbook", text_or_null(incident.runbook)},
          {"labels", std::move(labels)},
          {"told", std::move(told)}};
}

[[nodiscard]] json::object silence_json(const Silence& silence) {
  return {{"id", silence.id},
          {"circuit", as_utf8(silence.circuit)},
          {"rule", as_utf8(silence.rule)},
          {"until", iso8601(silence.until)},
          {"why", as_utf8(silence.why)},
          {"by", text_or_null(silence.by)}};
}

[[nodiscard]] json::object channel_json(const Alerts::ChannelStatus& channel) {
  return {{"name", channel.name},
          {"kind", channel.kind},
          {"waiting", channel.waiting},
          {"breaker", to_string(channel.breaker)},
          {"problem", text_or_null(channel.problem)},
          {"delivered", channel.counts.delivered},
          {"failed", channel.counts.failed},
          {"refused", channel.counts.refused},
          {"dropped", channel.counts.dropped}};
}

template <class T>
[[nodiscard]] json::array array_of(const std::vector<T>& all, json::object (*one)(const T&)) {
  json::array array;
  for (const T& each : all) array.push_back(one(each));
  return array;
}

/// Those that fire, then pending ones, then those that are over; each by severity.
[[nodiscard]] std::vector<const Alerts::Shown*> worst_first(const Alerts::Status& status) {
  constexpr std::array<int, 3> places{1, 0, 2};  // of pending, firing, resolved
  std::vector<const Alerts::Shown*> order;
  for (const Alerts::Shown& each : status.incidents) order.push_back(&each);
  std::ranges::stable_sort(order, {}, [&](const Alerts::Shown* each) {
    const Incident& incident = each->incident;
    const bool over = incident.stage == Stage::resolved;  // the last one first, as they come
    return std::pair{places[static_cast<std::size_t>(incident.stage)],
                     over ? 0 : -static_cast<int>(incident.severity)};
  });
  return order;
}

/// What a body asks for, or what is wrong with it.
using Wanted = std::variant<Silence, std::string>;

/// `{"circuit": "payment*", "rule": "*", "for": "2h", "why": "…"}`, or `until` in place of `for`.
[[nodiscard]] Wanted wanted_silence(std::string_view body, Moment now) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) return std::string{"the body is not a JSON object"};
  Silence silence;
  std::optional<Moment> until;
  for (const auto& [key, member] : *object) {
    const json::string* const text = member.if_string();
    if (text == nullptr || text->empty() || text->size() > longest_text)
      return "\"" + std::string{key} + "\" is not a text of 1 to 500 bytes";
    const std::string is{*text};
    if (key == "circuit") {
      silence.circuit = is;
    } else if (key == "rule") {
      silence.rule = is;
    } else if (key == "why") {
      silence.why = is;
    } else if (key == "until" && !until) {
      until = config::parse_timestamp(is);
      if (!until) return std::string{"\"until\" is not a date with a time, such as 2026-12-01T00:00:00Z"};
    } else if (key == "for" && !until) {
      const config::ParsedDuration length = config::parse_duration(is);
      if (!length.value || *length.value > longest_silence)
        return std::string{"\"for\" is not a length of time of at most a year, such as 2h"};
      until = now + *length.value;
    } else {
      return std::string{"expected circuit, rule, why, and one of for and until"};
    }
  }
  if (!until) return std::string{"\"for\" or \"until\" is missing"};
  if (*until <= now) return std::string{"\"until\" is over already"};
  if (*until - now > longest_silence) return std::string{"\"until\" is more than a year from now"};
  silence.until = *until;
  return silence;
}

[[nodiscard]] admin::ResourceAnswer silence(Alerts& alerts, const admin::ResourceRequest& request) {
  Wanted wanted = wanted_silence(request.body, Moment{std::chrono::system_clock::now()});
  if (const auto* problem = std::get_if<std::string>(&wanted)) return admin::Problem{400, *problem};
  Silence silence = std::get<Silence>(std::move(wanted));
  silence.by = request.client;
  silence.id = alerts.silence(silence);
  if (silence.id.empty()) return admin::Problem{503, "there are 1000 silences already; wait until one ends"};
  return admin::Json{silence_json(silence), 201};
}

}  // namespace

json::array open_alerts(const Alerts::Status& status) {
  json::array all;
  for (const Alerts::Shown* each : worst_first(status)) {
    if (each->incident.stage != Stage::resolved) all.push_back(alert_json(*each));
  }
  return all;
}

json::object status_json(const Alerts::Status& status) {
  json::array rules;
  for (const std::string& rule : status.rules) rules.emplace_back(rule);
  json::array alerts;
  for (const Alerts::Shown* each : worst_first(status)) alerts.push_back(alert_json(*each));
  return {{"at", iso8601(status.at)},
          {"alerts", std::move(alerts)},
          {"silences", array_of(status.silences, silence_json)},
          {"channels", array_of(status.channels, channel_json)},
          {"rules", std::move(rules)}};
}

std::vector<admin::AddedResource> alert_resources(Alerts& alerts) {
  std::vector<admin::AddedResource> resources;
  resources.push_back({.method = admin::Method::get,
                       .path = "/alerts",
                       .handle = [&alerts](const admin::ResourceRequest&) -> admin::ResourceAnswer {
                         return admin::Json{status_json(*alerts.status())};
                       }});
  resources.push_back({.method = admin::Method::post,
                       .path = "/alerts/{name}/acknowledge",
                       .handle = [&alerts](const admin::ResourceRequest& request) -> admin::ResourceAnswer {
                         if (!alerts.acknowledge(std::string{request.name}, std::string{request.client}))
                           return admin::Problem{404, "no alert of that id fires"};
                         return admin::Json{json::object{{"id", request.name}, {"acknowledged", true}}};
                       },
                       .command = "acknowledge"});
  resources.push_back(
      {.method = admin::Method::post,
       .path = "/silences",
       .handle = [&alerts](const admin::ResourceRequest& request) { return silence(alerts, request); },
       .command = "silence"});
  resources.push_back({.method = admin::Method::post,
                       .path = "/silences/{name}/end",
                       .handle = [&alerts](const admin::ResourceRequest& request) -> admin::ResourceAnswer {
                         if (!alerts.end_silence(std::string{request.name}))
                           return admin::Problem{404, "no silence that an operator has set has that id"};
                         return admin::Json{json::object{{"id", request.name}, {"ended", true}}};
                       },
                       .command = "end-silence"});
  return resources;
}

}  // namespace switchgear::alert
