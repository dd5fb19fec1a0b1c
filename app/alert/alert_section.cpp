#include "app/alert/alert_section.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "app/alert/rules/shipped_rules.hpp"
#include "switchgear/config/suggest.hpp"
#include "switchgear/config/timestamp.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::alert {

namespace {

using config::Section;
using config::Text;
using config::Value;

constexpr std::size_t most_channels = 32;
constexpr std::size_t most_rules = 200;
constexpr std::size_t most_silences = 1'000;
constexpr std::size_t longest_name = 128;

/// A name goes into labels, keys and logs.
[[nodiscard]] bool usable(std::string_view name, const Value& value) {
  const bool fit = !name.empty() && name.size() <= longest_name && std::ranges::all_of(name, [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '_' || letter == '-' || letter == '.';
  });
  if (!fit) value.wrong("is not a usable name; expected letters, digits, '_', '-' and '.', at most 128");
  return fit;
}

void not_too_many(const Value& list, std::size_t count, std::size_t most) {
  if (count > most)
    list.wrong(std::to_string(count) + " entries found; expected at most " + std::to_string(most));
}

[[nodiscard]] std::vector<ChannelOptions> read_channels(const Value& value, const std::string& directory) {
  std::vector<ChannelOptions> channels;
  Section section(value);
  const auto entries = section.entries();
  not_too_many(value, entries.size(), most_channels);
  for (const auto& [name, entry] : entries) {
    if (!usable(name, entry)) continue;
    if (auto channel = read_channel(name, entry, directory)) channels.push_back(*std::move(channel));
  }
  return channels;
}

/// The names in the file, also of channels that have errors: a rule that notifies one of those is not wrong.
[[nodiscard]] std::vector<std::string_view> names_in(const std::optional<Value>& channels) {
  std::vector<std::string_view> names;
  if (!channels) return names;
  for (const config::Entry& entry : channels->node->entries) names.emplace_back(entry.key);
  return names;
}

/// Into the place of the shipped one of its name.
void put(std::vector<AlertRule>& rules, AlertRule rule) {
  const auto at = std::ranges::find(rules, rule.name, &AlertRule::name);
  if (at == rules.end()) {
    rules.push_back(std::move(rule));
  } else {
    *at = std::move(rule);
  }
}

void read_rules(const Value& list, std::span<const std::string_view> channels,
                std::vector<AlertRule>& rules) {
  std::vector<std::string> names;
  const auto entries = config::items(list, "[{name: open_too_long, when: {state: open}, for: 5m}]");
  not_too_many(list, entries.size(), most_rules);
  for (const Value& entry : entries) {
    AlertRule rule = read_rule(entry, channels);
    if (rule.name.empty() || !usable(rule.name, entry)) continue;
    if (std::ranges::find(names, rule.name) != names.end()) {
      entry.wrong("a rule " + config::quoted(rule.name) + " stands in the list already");
      continue;
    }
    names.push_back(rule.name);
    put(rules, std::move(rule));
  }
}

struct Instant {
  [[nodiscard]] std::optional<Moment> operator()(const Value& value) const {
    const auto text = Text{}(value);
    if (!text) return std::nullopt;
    const auto moment = config::parse_timestamp(*text);
    if (!moment)
      value.wrong(config::quoted(*text) +
                  " is not a date with a time; expected one such as "
                  "\"2026-12-01T00:00:00Z\"");
    return moment;
  }
};

/// Receivers refuse an alert with another link as a whole.
struct WebAddress {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    std::optional<std::string> url = Text{}(value);
    if (!url) return url;
    try {
      (void)http::Url::parse(*url);
      return url;
    } catch (const std::exception&) {
      value.wrong(config::quoted(*url) +
                  " is not the address of a page; expected http://HOST[:PORT][/PATH], or https");
      return std::nullopt;
    }
  }
};

void warn_if_over(const Value& until, const Silence& silence) {
  if (silence.until > Moment{std::chrono::system_clock::now()}) return;
  until.report->warning(until.node->at, until.path,
                        config::quoted(until.node->text) + " is over: the silence does nothing; remove it");
}

/// `rules`: of the configuration; a silence of none of them is a typing error.
[[nodiscard]] std::vector<Silence> read_silences(const Value& list, const std::vector<AlertRule>& rules) {
  std::vector<Silence> silences;
  const auto entries = config::items(list, "[{circuit: payment, until: \"2026-12-01T00:00:00Z\"}]");
  not_too_many(list, entries.size(), most_silences);
  for (const Value& entry : entries) {
    Silence silence;
    Section section(entry);
    section.read("circuit", silence.circuit, Text{});
    if (const auto rule = section.find("rule")) {
      silence.rule = Text{}(*rule).value_or("*");
      if (std::ranges::none_of(rules, [&](const AlertRule& each) { return fits(silence.rule, each.name); }))
        rule->wrong(config::quoted(silence.rule) + " is the name of no rule");
    }
    section.require("until", silence.until, Instant{}, "until: \"2026-12-01T00:00:00Z\"");
    if (const auto until = section.find("until"); until && silence.until != Moment{})
      warn_if_over(*until, silence);
    section.read("why", silence.why, Text{});
    section.finish();
    silence.id = "file-" + std::to_string(silences.size() + 1);
    silences.push_back(std::move(silence));
  }
  return silences;
}

[[nodiscard]] Matcher read_matcher(const Value& value) {
  Matcher matcher;
  Section section(value);
  for (const auto& [label, entry] : section.entries()) {
    if (auto pattern = Text{}(entry)) matcher.emplace(label, *std::move(pattern));
  }
  if (matcher.empty() && section.is_mapping())
    value.wrong("chooses every alert; expected labels, as in {severity: critical}");
  return matcher;
}

void read_inhibitions(const Value& list, std::vector<Inhibition>& inhibitions) {
  for (const Value& entry : config::items(
           list, "[{source: {severity: critical}, target: {severity: warning}, equal: [circuit]}]")) {
    Inhibition inhibition;
    Section section(entry);
    const auto matcher = [&](std::string_view key, std::string_view example) {
      if (const auto value = section.find(key)) return read_matcher(*value);
      section.missing(key, example);
      return Matcher{};
    };
    inhibition.source = matcher("source", "source: {severity: critical}");
    inhibition.target = matcher("target", "target: {severity: warning}");
    if (const auto equal = section.find("equal")) inhibition.equal = read_texts(*equal, "[circuit]");
    section.finish();
    inhibitions.push_back(std::move(inhibition));
  }
}

}  // namespace

AlertOptions read_alerts(const Value& value, const config::FileContext& context) {
  AlertOptions alerts;
  std::string external_url;
  bool defaults = true;
  Section section(value);
  section.read("instance", alerts.instance, Text{});
  section.read("external_url", external_url, WebAddress{});
  const auto channels = section.find("channels");
  if (channels) alerts.channels = read_channels(*channels, context.directory);
  for (ChannelOptions& channel : alerts.channels) channel.external_url = external_url;
  const std::vector<std::string_view> names = names_in(channels);
  section.read("defaults", defaults, config::Truth{});
  if (!defaults) {
    alerts.rules.clear();
    alerts.inhibitions.clear();
  }
  std::vector<std::string> told{names.begin(), names.end()};
  if (const auto notify = section.find("notify")) told = read_names(*notify, names, "[oncall]");
  for (AlertRule& rule : alerts.rules) rule.notify = told;
  if (const auto rules = section.find("rules")) read_rules(*rules, names, alerts.rules);
  if (const auto silences = section.find("silences"))
    alerts.silences = read_silences(*silences, alerts.rules);
  if (const auto inhibit = section.find("inhibit")) read_inhibitions(*inhibit, alerts.inhibitions);
  if (const auto group_by = section.find("group_by")) alerts.group_by = read_texts(*group_by, "[rule]");
  section.read("group_wait", alerts.group_wait, config::Length{Duration{}, std::chrono::hours{1}});
  section.finish();
  return alerts;
}

}  // namespace switchgear::alert
