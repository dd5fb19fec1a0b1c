#include "app/alert/channel/http_formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>
#include <map>

#include "app/alert/channel/message_text.hpp"
#include "app/alert/channel/shortened.hpp"
#include "app/alert/incident/digest.hpp"
#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::alert {

namespace {

namespace json = boost::json;

using admin::iso8601;

/// What Go, and so Alertmanager, writes for no time at all.
constexpr std::string_view no_time = "0001-01-01T00:00:00Z";

[[nodiscard]] std::string_view status_of(const Message& message) noexcept {
  return message.resolved() ? "resolved" : "firing";
}

// --- Slack

/// With the three letters escaped that mean something in Slack's text; at most `most` bytes.
[[nodiscard]] std::string slack_escaped(std::string_view text, std::size_t most) {
  std::string escaped;
  const std::string line = shortened(text, most);
  for (std::string_view rest = line; !rest.empty();) {
    const std::size_t length = std::max<std::size_t>(utf8_length(rest), 1);
    std::string_view piece = rest.substr(0, length);
    if (piece == "&") piece = "&amp;";
    if (piece == "<") piece = "&lt;";
    if (piece == ">") piece = "&gt;";
    if (escaped.size() + piece.size() > most) break;
    escaped += piece;
    rest.remove_prefix(length);
  }
  return escaped;
}

[[nodiscard]] std::string slack_section(const Message& message, const Alert& alert) {
  std::string text =
      fmt::format("*{}* {}\n{}\n{}", to_string(alert.severity), slack_escaped(alert.text, 1'500),
                  slack_escaped(alert.evidence, 500), when_of(alert, message.telling));
  // A link ends at the first '>' or '|', so one that has them is shown as text.
  if (!alert.runbook.empty()) text += "\nwhat to do: " + slack_escaped(alert.runbook, 500);
  return text;
}

[[nodiscard]] json::object slack_block(std::string_view text) {
  return {{"type", "section"}, {"text", json::object{{"type", "mrkdwn"}, {"text", text}}}};
}

// --- Alertmanager and webhooks

/// Prometheus' alphabet for the names of labels; ours may have dots and dashes.
[[nodiscard]] std::string label_name(std::string_view name) {
  if (name == "rule") return "alertname";
  std::string plain{name};
  std::ranges::replace_if(
      plain, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  if (plain.empty() || std::isdigit(static_cast<unsigned char>(plain.front())) != 0) plain.insert(0, "_");
  return plain;
}

/// What the alert is known by: no values that change. Empty ones are left out, as Alertmanager does.
[[nodiscard]] std::map<std::string, std::string> labels_of(const Alert& alert) {
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : alert.labels) {
    if (!value.empty()) labels.emplace(label_name(name), as_utf8(value));
  }
  return labels;
}

[[nodiscard]] std::map<std::string, std::string> annotations_of(const Alert& alert) {
  std::map<std::string, std::string> annotations{{"summary", as_utf8(alert.text)},
                                                 {"description", as_utf8(alert.evidence)}};
  if (!alert.runbook.empty()) annotations.emplace("runbook_url", as_utf8(alert.runbook));
  return annotations;
}

[[nodiscard]] json::object object_of(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, text] : texts) object[name] = text;
  return object;
}

/// As Alertmanager works it out: FNV-1a over names and values, each ended by 0xFF.
[[nodiscard]] std::string fingerprint_of(const std::map<std::string, std::string>& labels) {
  std::string ended;
  for (const auto& [name, value] : labels) ended.append(name).append("\xFF").append(value).append("\xFF");
  if (!ended.empty()) ended.pop_back();  // digest() adds the last one
  return digest({ended});
}

/// What all of them have in common.
[[nodiscard]] std::map<std::string, std::string> common(
    const Message& message, std::map<std::string, std::string> (*of)(const Alert&)) {
  std::map<std::string, std::string> common = of(message.alerts.front());
  for (const Alert& alert : message.alerts) {
    const auto texts = of(alert);
    std::erase_if(common, [&](const auto& entry) {
      const auto at = texts.find(entry.first);
      return at == texts.end() || at->second != entry.second;
    });
  }
  return common;
}

}  // namespace

std::string slack_body(const Message& message, const std::string& external_url) {
  json::array blocks;
  const std::string header = one_line(subject_of(message), SlackLimits::header);
  blocks.push_back({{"type", "header"}, {"text", json::object{{"type", "plain_text"}, {"text", header}}}});
  std::size_t together = header.size() + 500;  // for what comes last
  std::size_t shown = 0;
  for (const Alert& alert : message.alerts) {
    const std::string section = slack_section(message, alert);
    if (blocks.size() + 2 > SlackLimits::blocks || together + section.size() > SlackLimits::together) break;
    together += section.size();
    blocks.push_back(slack_block(section));
    ++shown;
  }
  std::string last = "Switchgear " + slack_escaped(message.instance, 200);
  if (shown < message.alerts.size())
    last = fmt::format("and {} more. {}", message.alerts.size() - shown, last);
  if (!external_url.empty()) last += " " + slack_escaped(external_url, 200);
  blocks.push_back(slack_block(last));
  return json::serialize(
      json::object{{"text", slack_escaped(subject_of(message), 1'000)}, {"blocks", std::move(blocks)}});
}

std::string pagerduty_key(const std::string& instance, const Alert& alert) {
  std::string key = as_utf8(fmt::format("switchgear/{}/{}/{}", instance, alert.rule, alert.circuit));
  if (key.size() <= PagerDutyLimits::dedup_key) return key;
  const std::string end = "/" + digest({key});
  return shortened(key, PagerDutyLimits::dedup_key - end.size()) + end;
}

std::string pagerduty_body(const Message& message, std::string_view routing_key,
                           const std::string& external_url) {
  const Alert& alert = message.alerts.front();
  const auto severity = [&] {
    switch (alert.severity) {
      case Severity::critical:
        return "critical";
      case Severity::high:
        return "error";
      case Severity::medium:
      case Severity::warning:
        return "warning";
      case Severity::info:
        return "info";
    }
    return "info";
  };
  json::object event{{"routing_key", routing_key}, {"dedup_key", pagerduty_key(message.instance, alert)}};
  if (message.telling == Telling::resolved || message.telling == Telling::acknowledged) {
    event["event_action"] = message.resolved() ? "resolve" : "acknowledge";
    return json::serialize(event);
  }
  event["event_action"] = "trigger";
  json::object details{
      {"evidence", as_utf8(alert.evidence)}, {"value", alert.value}, {"threshold", alert.threshold}};
  for (const auto& [name, value] : alert.labels) details[as_utf8(name)] = as_utf8(value);
  event["payload"] = json::object{{"summary", one_line(alert.text, PagerDutyLimits::summary)},
                                  {"source", one_line(message.instance, 255)},
                                  {"severity", severity()},
                                  {"timestamp", iso8601(alert.starts)},
                                  {"component", one_line(alert.circuit, 255)},
                                  {"group", one_line(label_of(alert.labels, "service"), 255)},
                                  {"class", one_line(alert.rule, 255)},
                                  {"custom_details", std::move(details)}};
  event["client"] = "Switchgear";
  if (!external_url.empty()) event["client_url"] = external_url;
  if (!alert.runbook.empty())
    event["links"] = json::array{json::object{{"href", alert.runbook}, {"text", "what to do"}}};
  return json::serialize(event);
}

std::string alertmanager_body(const Message& message, const std::string& external_url) {
  json::array alerts;
  for (const Alert& alert : message.alerts) {
    json::object one{{"labels", object_of(labels_of(alert))},
                     {"annotations", object_of(annotations_of(alert))},
                     {"startsAt", iso8601(alert.starts)}};
    if (message.resolved()) one["endsAt"] = iso8601(alert.ends);
    if (!external_url.empty()) one["generatorURL"] = external_url;
    alerts.push_back(std::move(one));
  }
  return json::serialize(alerts);
}

std::string webhook_body(const Message& message, const std::string& external_url) {
  json::array alerts;
  for (const Alert& alert : message.alerts) {
    const auto labels = labels_of(alert);
    alerts.push_back(json::object{{"status", status_of(message)},
                                  {"labels", object_of(labels)},
                                  {"annotations", object_of(annotations_of(alert))},
                                  {"startsAt", iso8601(alert.starts)},
                                  {"endsAt", message.resolved() ? iso8601(alert.ends) : std::string{no_time}},
                                  {"generatorURL", external_url},
                                  {"fingerprint", fingerprint_of(labels)}});
  }
  const auto shared = common(message, labels_of);
  json::object group;
  std::string key;
  for (const auto& [name, value] : message.group) {
    group[label_name(name)] = as_utf8(value);
    key += fmt::format("{}{}=\"{}\"", key.empty() ? "" : ", ", label_name(name), as_utf8(value));
  }
  return json::serialize(json::object{{"version", "4"},
                                      {"groupKey", fmt::format("{{}}:{{{}}}", key)},
                                      {"truncatedAlerts", 0},
                                      {"status", status_of(message)},
                                      {"receiver", message.channel},
                                      {"groupLabels", std::move(group)},
                                      {"commonLabels", object_of(shared)},
                                      {"commonAnnotations", object_of(common(message, annotations_of))},
                                      {"externalURL", external_url},
                                      {"alerts", std::move(alerts)}});
}

}  // namespace switchgear::alert
