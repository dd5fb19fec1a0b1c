#include "app/control/status_watch.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <set>
#include <utility>

#include "app/control/breaker_line.hpp"
#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "switchgear/admin/json_text.hpp"

namespace switchgear::control {
namespace json = boost::json;
namespace {

/// As the server sent it: the name is a key, not a text for a terminal.
std::string raw_name(const json::object& object, std::string_view key) {
  return std::string{std::string_view{object.at(key).as_string()}};
}

bool same(const json::object& one, const json::object& other, std::string_view key) {
  const json::value* first = one.if_contains(key);
  const json::value* second = other.if_contains(key);
  return first != nullptr && second != nullptr && *first == *second;
}

}  // namespace

StatusWatch::Lines StatusWatch::on(const ServerEvent& event) {
  Lines lines;
  if (event.type == "snapshot" || event.type == "delta") {
    const json::value data = json::parse(event.data);
    update(data.as_object(), event.type == "snapshot", lines);
  } else if (event.type == "transition") {
    json::object data = json::parse(event.data).as_object();
    const std::string name = raw_name(data, "circuit");
    if (only_.empty() || name == only_) transitions_[name].push_back(std::move(data));
  }
  return lines;
}

void StatusWatch::update(const json::object& all, bool whole, Lines& lines) {
  const std::string at = text_of(all, "at");
  if (whole && only_.empty()) width_ = std::max(width_, width_of_names(all));
  std::set<std::string, std::less<>> there;
  for (const json::value& each : array_of(all, "circuit_breakers")) {
    const std::string name = raw_name(each.as_object(), "name");
    if (!only_.empty() && name != only_) continue;
    update_one(each.get_object(), at, lines);
    there.insert(name);
  }
  std::vector<std::string> gone;
  for (const json::value& each : array_of(all, "removed"))
    gone.emplace_back(std::string_view{each.as_string()});
  if (whole) {
    for (const auto& [name, breaker] : breakers_) {
      if (!there.contains(name)) gone.push_back(name);
    }
    seen_snapshot_ = true;
  }
  for (const std::string& name : gone) {
    const auto found = breakers_.find(name);
    if (found == breakers_.end()) continue;
    lines.push_back(line("removed", at, found->second));
    breakers_.erase(found);
    transitions_.erase(name);
  }
}

void StatusWatch::update_one(const json::object& breaker, std::string_view at, Lines& lines) {
  const std::string name = raw_name(breaker, "name");
  const auto known = breakers_.find(name);
  if (known == breakers_.end()) {
    transitions_.erase(name);
    breakers_.emplace(name, breaker);
    lines.push_back(line(seen_snapshot_ ? "change" : "breaker", at, breaker));
    return;
  }
  json::object next = breaker;
  if (!next.contains("policy") && known->second.contains("policy")) next["policy"] = known->second["policy"];
  const bool told = transitions_.contains(name);
  tell_transitions(next, lines);
  if (!told && (!same(known->second, next, "state") || !same(known->second, next, "mode"))) {
    lines.push_back(line("change", at, next));
  }
  known->second = std::move(next);
}

/// A delta comes with every batch of transitions and shows where the last of them led.
void StatusWatch::tell_transitions(const json::object& breaker, Lines& lines) {
  const auto waiting = transitions_.find(raw_name(breaker, "name"));
  if (waiting == transitions_.end()) return;
  const auto transitions = std::move(waiting->second);
  transitions_.erase(waiting);
  for (const json::object& transition : transitions) {
    json::object then = breaker;
    then["last_transition"] = transition;
    if (!same(then, json::object{{"state", transition.at("to")}}, "state")) {
      then["state"] = transition.at("to");
      then["retry_after"] = nullptr;
    }
    lines.push_back(line("change", text_of(transition, "at"), then));
  }
}

StatusWatch::Lines StatusWatch::sample(std::string_view at) const {
  Lines lines;
  for (const auto& [name, breaker] : breakers_) lines.push_back(line("sample", at, breaker));
  return lines;
}

std::string StatusWatch::line(std::string_view event, std::string_view at,
                              const json::object& breaker) const {
  if (format_ == LineFormat::json) {
    return admin::json_text(json::object{{"at", at}, {"event", event}, {"circuit_breaker", breaker}});
  }
  std::string text{at};
  if (event == "removed") {
    const std::string name = text_of(breaker, "name");
    return text + "  " + fitted(name, std::max(width_, columns_of(name))) + "  removed";
  }
  return text + "  " + line_of(breaker, width_);
}

}  // namespace switchgear::control
