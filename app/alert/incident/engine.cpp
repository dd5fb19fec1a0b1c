#include "app/alert/incident/engine.hpp"

#include <algorithm>
#include <utility>

#include "app/alert/incident/digest.hpp"
#include "app/alert/rules/condition.hpp"

namespace switchgear::alert {

namespace {

[[nodiscard]] bool concerns(const AlertRule& rule, std::string_view circuit) {
  return rule.circuits.empty() || std::ranges::any_of(rule.circuits, [&](const std::string& pattern) {
           return fits(pattern, circuit);
         });
}

void set_clock(Incident& incident, Duration by) {
  for (Moment* moment : {&incident.since, &incident.fired_at, &incident.last_held, &incident.resolved_at})
    *moment = shifted(*moment, by);
  if (incident.acknowledged) incident.acknowledged->at = shifted(incident.acknowledged->at, by);
  for (auto& [channel, told] : incident.told) told.last = shifted(told.last, by);
}

}  // namespace

const AlertRule* Engine::rule(std::string_view name) const {
  const auto at = std::ranges::find(plan_.rules, name, &AlertRule::name);
  return at == plan_.rules.end() ? nullptr : &*at;
}

Duration Engine::longest_look() const {
  Duration longest{};
  for (const AlertRule& rule : plan_.rules) longest = std::max(longest, alert::longest_look(rule.when));
  return longest;
}

void Engine::configure(AlertPlan plan, Moment now) {
  plan_ = std::move(plan);
  const Duration longest = longest_look();
  for (auto& [name, circuit] : circuits_) circuit.past.keep(longest);
  follow_plan(now);
}

void Engine::follow_plan(Moment now) {
  for (auto at = active_.begin(); at != active_.end();) {
    auto& [key, incident] = *at;
    const AlertRule* const of = rule(key.first);
    if (of != nullptr && concerns(*of, key.second)) {
      incident.severity = of->severity;
      incident.runbook = of->runbook;
      ++at;
      continue;
    }
    resolve(std::move(incident), now);
    at = active_.erase(at);
  }
}

void Engine::restore(std::vector<Incident> incidents, std::vector<Silence> silences, Moment now) {
  std::ranges::sort(incidents, {}, &Incident::resolved_at);
  for (Incident& incident : incidents) {
    // The clock of the machine may have been set back since.
    for (Moment* moment : {&incident.since, &incident.fired_at, &incident.last_held, &incident.resolved_at})
      *moment = std::min(*moment, now);
    for (auto& [channel, told] : incident.told) told.last = std::min(told.last, now);
    if (incident.stage == Stage::resolved) {
      ended_.push_back(std::move(incident));
      continue;
    }
    Key key{incident.rule, incident.circuit};
    active_.insert_or_assign(std::move(key), std::move(incident));
  }
  silences_ = std::move(silences);
  follow_plan(now);
}

void Engine::changed(const StateChange& change, const Labels& labels) {
  const auto [at, fresh] = circuits_.try_emplace(change.circuit);
  Circuit& circuit = at->second;
  if (fresh) circuit.past.keep(longest_look());
  circuit.labels = labels;
  circuit.past.changed(change);
  judge(change.circuit, circuit, change.at);
}

void Engine::look(const std::vector<Sighting>& circuits, Moment now) {
  for (auto& [name, circuit] : circuits_) circuit.here = false;
  const Duration longest = longest_look();
  for (const Sighting& seen : circuits) {
    const auto [at, fresh] = circuits_.try_emplace(seen.circuit);
    Circuit& circuit = at->second;
    if (fresh) circuit.past.keep(longest);
    circuit.here = true;
    circuit.labels = seen.labels;
    circuit.past.saw(seen.state, seen.totals, now);
    judge(seen.circuit, circuit, now);
  }
  std::erase_if(circuits_, [](const auto& entry) { return !entry.second.here; });
  for (auto at = active_.begin(); at != active_.end();) {
    auto& [key, incident] = *at;
    const AlertRule* const of = rule(key.first);
    const bool gone = !circuits_.contains(key.second);
    const Duration keep = of == nullptr ? Duration{} : of->keep_firing_for;
    if (!gone || now - incident.last_held < keep) {
      ++at;
      continue;
    }
    resolve(std::move(incident), now);
    at = active_.erase(at);
  }
}

void Engine::clock_was_set(Duration by) {
  for (auto& [key, incident] : active_) {
    set_clock(incident, by);
    changed_.insert(incident.id);
  }
  for (Incident& incident : ended_) set_clock(incident, by);
  for (auto& [name, circuit] : circuits_) circuit.past.clock_was_set(by);
  for (auto& [channel, at] : refreshed_) at = shifted(at, by);
}

void Engine::judge(const std::string& name, const Circuit& circuit, Moment now) {
  for (const AlertRule& rule : plan_.rules) judge(rule, name, circuit, now);
}

void Engine::judge(const AlertRule& rule, const std::string& name, const Circuit& circuit, Moment now) {
  if (!concerns(rule, name)) return;
  const auto at = active_.find(Key{rule.name, name});
  std::optional<AlertEvidence> evidence = evidence_of(rule.when, circuit.past, now);
  if (!evidence) {
    if (at == active_.end()) return;
    if (at->second.stage == Stage::firing && now - at->second.last_held < rule.keep_firing_for) return;
    Incident over = std::move(at->second);
    active_.erase(at);
    over.state = circuit.past.state();
    return resolve(std::move(over), now);
  }
  Incident* const incident = at == active_.end() ? begin(rule, name, circuit, now) : &at->second;
  if (incident == nullptr) return;
  incident->last_held = now;
  incident->state = circuit.past.state();
  incident->evidence = *std::move(evidence);
  if (incident->stage == Stage::pending && now - incident->since >= rule.hold) {
    incident->stage = Stage::firing;
    incident->fired_at = now;
    changed_.insert(incident->id);
  }
}

Incident* Engine::begin(const AlertRule& rule, const std::string& name, const Circuit& circuit, Moment now) {
  if (active_.size() >= most_incidents) {
    ++not_begun_;
    return nullptr;
  }
  Incident incident;
  incident.id = digest({plan_.instance, rule.name, name, std::to_string(now.time_since_epoch().count())});
  incident.rule = rule.name;
  incident.circuit = name;
  incident.severity = rule.severity;
  incident.labels = circuit.labels;
  incident.labels["rule"] = rule.name;
  incident.labels["circuit"] = name;
  incident.labels["severity"] = to_string(rule.severity);
  incident.labels["instance"] = plan_.instance;
  incident.since = now;
  incident.runbook = rule.runbook;
  changed_.insert(incident.id);
  return &active_.insert_or_assign(Key{rule.name, name}, std::move(incident)).first->second;
}

void Engine::resolve(Incident incident, Moment now) {
  if (incident.stage == Stage::pending) {
    changed_.erase(incident.id);
    pending_.removed.push_back(std::move(incident.id));
    return;
  }
  incident.stage = Stage::resolved;
  incident.resolved_at = now;
  changed_.insert(incident.id);
  ended_.push_back(std::move(incident));
}

Changes Engine::take(Moment now) {
  Changes changes = std::exchange(pending_, {});
  const Mutes muted = mutes(now);
  for (const auto& [channel, terms] : plan_.channels) tell(channel, terms, muted, now, changes);
  acknowledged_.clear();
  std::erase_if(silences_, [&](const Silence& silence) {
    if (now < silence.until) return false;
    changes.ended_silences.push_back(silence.id);
    return true;
  });
  const auto put = [&](const Incident& incident) {
    if (changed_.contains(incident.id)) changes.put.push_back(incident);
  };
  for (const auto& [key, incident] : active_) put(incident);
  for (const Incident& incident : ended_) put(incident);
  changed_.clear();
  while (ended_.size() > most_ended) {
    changes.removed.push_back(ended_.front().id);
    ended_.pop_front();
  }
  return changes;
}

bool Engine::acknowledge(std::string_view id, std::string by, Moment now) {
  for (auto& [key, incident] : active_) {
    if (incident.id != id || incident.stage != Stage::firing) continue;
    if (incident.acknowledged) return true;
    incident.acknowledged = Acknowledgement{std::move(by), now};
    changed_.insert(incident.id);
    acknowledged_.insert(incident.id);
    return true;
  }
  return false;
}

std::string Engine::silence(Silence silence, Moment now) {
  if (silences_.size() >= most_silences) return {};
  silence.id = digest({"silence", silence.circuit, silence.rule, silence.why, silence.by,
                       std::to_string(now.time_since_epoch().count()), std::to_string(silences_.size())});
  pending_.silences.push_back(silence);
  silences_.push_back(std::move(silence));
  return silences_.back().id;
}

bool Engine::end_silence(std::string_view id) {
  const auto at = std::ranges::find(silences_, id, &Silence::id);
  if (at == silences_.end()) return false;
  pending_.ended_silences.push_back(at->id);
  silences_.erase(at);
  return true;
}

std::vector<Incident> Engine::incidents() const {
  std::vector<Incident> all;
  for (const auto& [key, incident] : active_) all.push_back(incident);
  all.insert(all.end(), ended_.rbegin(), ended_.rend());
  return all;
}

std::vector<Silence> Engine::silences(Moment now) const {
  std::vector<Silence> all;
  for (const std::vector<Silence>* of : {&plan_.silences, &silences_})
    std::ranges::copy_if(*of, std::back_inserter(all), [&](const Silence& one) { return now < one.until; });
  return all;
}

}  // namespace switchgear::alert
