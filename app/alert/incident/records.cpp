#include "app/alert/incident/records.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <exception>
#include <span>

namespace switchgear::alert {

namespace {

namespace json = boost::json;

[[nodiscard]] std::int64_t number_of(Moment moment) { return moment.time_since_epoch().count(); }

[[nodiscard]] json::object object_of(const Labels& labels) {
  json::object object;
  for (const auto& [name, value] : labels) object[name] = value;
  return object;
}

// Readers throw what Boost.JSON throws for a member that is missing or of another kind; the public ones catch
// it.

[[nodiscard]] std::string text_at(const json::object& from, std::string_view key) {
  return std::string{from.at(key).as_string()};
}

[[nodiscard]] Moment moment_at(const json::object& from, std::string_view key) {
  return Moment{Duration{from.at(key).to_number<std::int64_t>()}};
}

template <class Enum>
[[nodiscard]] Enum word_at(const json::object& from, std::string_view key,
                           std::span<const std::string_view> words) {
  const auto at = std::ranges::find(words, std::string_view{from.at(key).as_string()});
  if (at == words.end()) throw std::out_of_range{"not a known word"};
  return static_cast<Enum>(at - words.begin());
}

[[nodiscard]] Labels labels_at(const json::object& from, std::string_view key) {
  Labels labels;
  for (const auto& [name, value] : from.at(key).as_object())
    labels.emplace(std::string{name}, std::string{value.as_string()});
  return labels;
}

[[nodiscard]] State state_at(const json::object& from, std::string_view key) {
  const std::string name = text_at(from, key);
  const auto at = std::ranges::find_if(states, [&](State state) { return to_string(state) == name; });
  if (at == states.end()) throw std::out_of_range{"not a state"};
  return *at;
}

[[nodiscard]] json::object object_of(const Alert& alert) {
  return {{"incident", alert.incident},        {"rule", alert.rule},
          {"circuit", alert.circuit},          {"severity", to_string(alert.severity)},
          {"labels", object_of(alert.labels)}, {"text", alert.text},
          {"evidence", alert.evidence},        {"value", alert.value},
          {"threshold", alert.threshold},      {"runbook", alert.runbook},
          {"starts", number_of(alert.starts)}, {"ends", number_of(alert.ends)}};
}

[[nodiscard]] Alert alert_of(const json::object& from) {
  Alert alert;
  alert.incident = text_at(from, "incident");
  alert.rule = text_at(from, "rule");
  alert.circuit = text_at(from, "circuit");
  alert.severity = word_at<Severity>(from, "severity", severity_names);
  alert.labels = labels_at(from, "labels");
  alert.text = text_at(from, "text");
  alert.evidence = text_at(from, "evidence");
  alert.value = from.at("value").to_number<double>();
  alert.threshold = from.at("threshold").to_number<double>();
  alert.runbook = text_at(from, "runbook");
  alert.starts = moment_at(from, "starts");
  alert.ends = moment_at(from, "ends");
  return alert;
}

[[nodiscard]] Incident incident_of(const json::object& from) {
  Incident incident;
  incident.id = text_at(from, "id");
  incident.rule = text_at(from, "rule");
  incident.circuit = text_at(from, "circuit");
  incident.severity = word_at<Severity>(from, "severity", severity_names);
  incident.labels = labels_at(from, "labels");
  incident.stage = word_at<Stage>(from, "stage", stage_names);
  incident.since = moment_at(from, "since");
  incident.fired_at = moment_at(from, "fired_at");
  incident.last_held = moment_at(from, "last_held");
  incident.resolved_at = moment_at(from, "resolved_at");
  incident.state = state_at(from, "state");
  incident.evidence = {from.at("value").to_number<double>(), from.at("threshold").to_number<double>(),
                       from.at("calls").to_number<std::uint64_t>(), text_at(from, "evidence")};
  incident.runbook = text_at(from, "runbook");
  if (const json::value* by = from.if_contains("acknowledged_by"))
    incident.acknowledged = Acknowledgement{std::string{by->as_string()}, moment_at(from, "acknowledged_at")};
  for (const auto& [channel, value] : from.at("told").as_object()) {
    const json::object& told = value.as_object();
    incident.told[std::string{channel}] = {told.at("firing").as_bool(), told.at("resolved").as_bool(),
                                           told.at("repeats").to_number<std::uint64_t>(),
                                           moment_at(told, "last")};
  }
  return incident;
}

[[nodiscard]] Message message_of(const json::object& from) {
  Message message;
  message.id = text_at(from, "id");
  message.channel = text_at(from, "channel");
  message.telling = word_at<Telling>(from, "telling", telling_names);
  message.made = moment_at(from, "made");
  message.instance = text_at(from, "instance");
  message.group = labels_at(from, "group");
  for (const json::value& alert : from.at("alerts").as_array())
    message.alerts.push_back(alert_of(alert.as_object()));
  return message;
}

[[nodiscard]] Silence silence_of(const json::object& from) {
  return {text_at(from, "id"),      text_at(from, "circuit"), text_at(from, "rule"),
          moment_at(from, "until"), text_at(from, "why"),     text_at(from, "by")};
}

template <class Read>
[[nodiscard]] auto read(std::string_view text, const Read& of)
    -> std::optional<decltype(of(json::object{}))> {
  try {
    return of(json::parse(text).as_object());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string to_text(const Incident& incident) {
  json::object told;
  for (const auto& [channel, what] : incident.told) {
    told[channel] = json::object{{"firing", what.firing},
                                 {"resolved", what.resolved},
                                 {"repeats", what.repeats},
                                 {"last", number_of(what.last)}};
  }
  json::object object{{"id", incident.id},
                      {"rule", incident.rule},
                      {"circuit", incident.circuit},
                      {"severity", to_string(incident.severity)},
                      {"labels", object_of(incident.labels)},
                      {"stage", to_string(incident.stage)},
                      {"since", number_of(incident.since)},
                      {"fired_at", number_of(incident.fired_at)},
                      {"last_held", number_of(incident.last_held)},
                      {"resolved_at", number_of(incident.resolved_at)},
                      {"state", to_string(incident.state)},
                      {"value", incident.evidence.value},
                      {"threshold", incident.evidence.threshold},
                      {"calls", incident.evidence.calls},
                      {"evidence", incident.evidence.text},
                      {"runbook", incident.runbook},
                      {"told", std::move(told)}};
  if (incident.acknowledged) {
    object["acknowledged_by"] = incident.acknowledged->by;
    object["acknowledged_at"] = number_of(incident.acknowledged->at);
  }
  return json::serialize(object);
}

std::string to_text(const Message& message) {
  json::array alerts;
  for (const Alert& alert : message.alerts) alerts.push_back(object_of(alert));
  return json::serialize(json::object{{"id", message.id},
                                      {"channel", message.channel},
                                      {"telling", to_string(message.telling)},
                                      {"made", number_of(message.made)},
                                      {"instance", message.instance},
                                      {"group", object_of(message.group)},
                                      {"alerts", std::move(alerts)}});
}

std::string to_text(const Silence& silence) {
  return json::serialize(json::object{{"id", silence.id},
                                      {"circuit", silence.circuit},
                                      {"rule", silence.rule},
                                      {"until", number_of(silence.until)},
                                      {"why", silence.why},
                                      {"by", silence.by}});
}

std::optional<Incident> read_incident(std::string_view text) { return read(text, incident_of); }
std::optional<Message> read_message(std::string_view text) { return read(text, message_of); }
std::optional<Silence> read_silence(std::string_view text) { return read(text, silence_of); }

}  // namespace switchgear::alert
