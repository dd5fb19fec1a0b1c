#include "app/alert/incident/mutes.hpp"

#include <string_view>

namespace switchgear::alert {

namespace {

[[nodiscard]] std::string values_of(const Labels& labels, const std::vector<std::string>& names) {
  std::string values;
  for (const std::string& name : names) values.append(label_of(labels, name)).push_back('\0');
  return values;
}

}  // namespace

void Mutes::add(std::span<const Silence> silences) {
  for (const Silence& silence : silences) {
    if (now_ < silence.until) silences_.push_back(&silence);
  }
}

void Mutes::add(std::span<const Inhibition> inhibitions) {
  for (const Inhibition& inhibition : inhibitions) inhibitions_.push_back({&inhibition, {}});
}

void Mutes::add(const Incident& firing) {
  for (Inhibiting& inhibition : inhibitions_) {
    if (fits(inhibition.rule->source, firing.labels))
      inhibition.sources.emplace(values_of(firing.labels, inhibition.rule->equal), firing.id);
  }
}

std::string Mutes::by(const Incident& incident) const {
  for (const Silence* silence : silences_) {
    if (silence->covers(incident, now_)) return silence->id;
  }
  for (const auto& [rule, sources] : inhibitions_) {
    if (sources.empty() || !fits(rule->target, incident.labels) || fits(rule->source, incident.labels))
      continue;
    const auto at = sources.find(values_of(incident.labels, rule->equal));
    if (at != sources.end()) return at->second;
  }
  return {};
}

}  // namespace switchgear::alert
