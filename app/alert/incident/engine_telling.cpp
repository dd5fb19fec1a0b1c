// The engine's other half: which incidents are told, to which channel, and in which messages.
#include <algorithm>
#include <map>
#include <utility>

#include "app/alert/incident/digest.hpp"
#include "app/alert/incident/engine.hpp"

namespace switchgear::alert {

namespace {

[[nodiscard]] bool tells(const AlertRule& rule, const std::string& channel) {
  return std::ranges::find(rule.notify, channel) != rule.notify.end();
}

}  // namespace

Mutes Engine::mutes(Moment now) const {
  Mutes mutes{now};
  mutes.add(plan_.silences);
  mutes.add(silences_);
  mutes.add(plan_.inhibitions);
  for (const auto& [key, incident] : active_) {
    if (incident.stage == Stage::firing) mutes.add(incident);
  }
  return mutes;
}

std::string Engine::text_of(const Incident& incident, Moment now) const {
  const AlertRule* const of = rule(incident.rule);
  if (of == nullptr) return incident.evidence.text;
  MessageFacts facts;
  facts.circuit = incident.circuit;
  facts.rule = incident.rule;
  facts.severity = to_string(incident.severity);
  facts.state = to_string(incident.state);
  facts.service = label_of(incident.labels, "service");
  facts.instance = instance_of(incident);
  facts.runbook = incident.runbook;
  facts.evidence = incident.evidence.text;
  facts.value = incident.evidence.value;
  facts.threshold = incident.evidence.threshold;
  facts.calls = incident.evidence.calls;
  facts.duration = (incident.stage == Stage::resolved ? incident.resolved_at : now) - incident.since;
  facts.since = incident.since;
  return of->message.render(facts);
}

Alert Engine::alert_of(const Incident& incident, Moment now) const {
  Alert alert;
  alert.incident = incident.id;
  alert.rule = incident.rule;
  alert.circuit = incident.circuit;
  alert.severity = incident.severity;
  alert.labels = incident.labels;
  alert.text = text_of(incident, now);
  alert.evidence = incident.evidence.text;
  alert.value = incident.evidence.value;
  alert.threshold = incident.evidence.threshold;
  alert.runbook = incident.runbook;
  alert.starts = incident.fired_at;
  if (incident.stage == Stage::resolved) alert.ends = incident.resolved_at;
  return alert;
}

Labels Engine::group_of(const Incident& incident) const {
  Labels group;
  for (const std::string& name : plan_.group_by) group[name] = label_of(incident.labels, name);
  return group;
}

/// As it was when the incident began: receivers know it by that.
const std::string& Engine::instance_of(const Incident& incident) const {
  const auto at = incident.labels.find("instance");
  return at == incident.labels.end() ? plan_.instance : at->second;
}

void Engine::tell(const std::string& channel, const ChannelTerms& terms, const Mutes& mutes, Moment now,
                  Changes& changes) {
  std::map<Labels, std::vector<Incident*>> waiting;  // by group: fired, and not told yet
  std::vector<Incident*> again;
  std::vector<Incident*> acknowledged;
  std::vector<Incident*> resolved;
  std::vector<Incident*> refreshed;
  const auto sort_in = [&](Incident& incident) {
    if (incident.stage == Stage::pending) return;
    const AlertRule* const of = rule(incident.rule);
    const auto at = incident.told.find(channel);
    const bool told = at != incident.told.end() && at->second.firing;
    if (!told) {
      if (of == nullptr || !tells(*of, channel) || incident.severity < terms.min_severity) return;
      // A resolved one that was muted to its end is not told at all; what muted it may be over as well.
      if (incident.stage == Stage::firing) incident.muted = !mutes.by(incident).empty();
      if (incident.muted || !mutes.by(incident).empty()) return;
      if (incident.stage == Stage::resolved && !changed_.contains(incident.id)) return;
      waiting[group_of(incident)].push_back(&incident);
      return;
    }
    if (incident.stage == Stage::resolved) {
      if (!at->second.resolved) resolved.push_back(&incident);
      return;
    }
    if (acknowledged_.contains(incident.id)) acknowledged.push_back(&incident);
    refreshed.push_back(&incident);
    if (of == nullptr || !terms.repeats || of->repeat_every == Duration{} || incident.acknowledged) return;
    if (now - at->second.last >= of->repeat_every && mutes.by(incident).empty()) again.push_back(&incident);
  };
  for (auto& [key, incident] : active_) sort_in(incident);
  for (Incident& incident : ended_) sort_in(incident);

  std::vector<Incident*> firing;
  for (const auto& [group, members] : waiting) {
    const bool due = std::ranges::any_of(members, [&](const Incident* incident) {
      return incident->stage == Stage::resolved || now - incident->fired_at >= plan_.group_wait;
    });
    if (!due) continue;
    for (Incident* const incident : members) {
      firing.push_back(incident);
      if (incident->stage == Stage::resolved) resolved.push_back(incident);
    }
  }
  write(channel, terms, Telling::firing, std::move(firing), now, changes);
  write(channel, terms, Telling::again, std::move(again), now, changes);
  if (terms.takes_acknowledgements)
    write(channel, terms, Telling::acknowledged, std::move(acknowledged), now, changes);
  write(channel, terms, Telling::resolved, std::move(resolved), now, changes);
  if (terms.refresh == Duration{} || now - refreshed_[channel] < terms.refresh) return;
  refreshed_[channel] = now;
  write(channel, terms, Telling::refresh, std::move(refreshed), now, changes);
}

void Engine::write(const std::string& channel, const ChannelTerms& terms, Telling telling,
                   std::vector<Incident*> whom, Moment now, Changes& changes) {
  std::ranges::stable_sort(whom, {}, [this](const Incident* incident) { return group_of(*incident); });
  for (auto first = whom.begin(); first != whom.end();) {
    Message message;
    message.channel = channel;
    message.telling = telling;
    message.made = now;
    message.instance = instance_of(**first);
    message.group = group_of(**first);
    std::string of{to_string(telling)};
    if (telling == Telling::refresh) of += std::to_string(now.time_since_epoch().count());
    for (; first != whom.end() && message.alerts.size() < terms.alerts_per_message; ++first) {
      Incident& incident = **first;
      if (group_of(incident) != message.group || instance_of(incident) != message.instance) break;
      Told& told = incident.told[channel];
      message.alerts.push_back(alert_of(incident, now));
      if (telling == Telling::firing) message.alerts.back().ends = Moment{};
      if (telling == Telling::firing) told.firing = true;
      if (telling == Telling::resolved) told.resolved = true;
      if (telling == Telling::again) ++told.repeats;
      if (telling == Telling::firing || telling == Telling::again) told.last = now;
      if (telling != Telling::refresh) changed_.insert(incident.id);
      of += ' ' + incident.id + ' ' + std::to_string(told.repeats);
    }
    message.id = digest({channel, of});
    changes.messages.push_back(std::move(message));
  }
}

}  // namespace switchgear::alert
