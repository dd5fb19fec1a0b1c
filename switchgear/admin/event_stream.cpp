#include "switchgear/admin/event_stream.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/admin/breaker_view.hpp"
#include "switchgear/admin/instance_json.hpp"
#include "switchgear/admin/json_text.hpp"

namespace switchgear::admin {
namespace json = boost::json;

namespace {
/// A second's worth. With a thousand breakers one delta is larger than ServerLimits::events_queued, and a
/// client that is busy with one would be dropped by the next.
constexpr std::size_t deltas_of_lag = 4;
}  // namespace

void EventStream::listen(std::shared_ptr<EventQueue> events, std::function<void()> wake) {
  events_.emplace(std::move(events), std::move(wake));
}

bool EventStream::join(EventClient& client) {
  if (clients_.size() >= limits_.events_clients) return false;
  // The others first get what has changed by now, so that the new client's snapshot is where all of them
  // stand.
  send_delta(api_.now());
  clients_.insert(&client);
  // With the first event goes how soon to connect again: browsers would wait for three seconds or more.
  const auto snapshot = event("snapshot", api_.snapshot_json());
  queue(client, std::make_shared<const std::string>("retry: 1000\n" + *snapshot));
  return true;
}

void EventStream::leave(EventClient& client) { clients_.erase(&client); }

void EventStream::drop(EventClient& client) {
  if (client.dropped) return;
  client.dropped = true;
  client.queue.clear();
  ++dropped_;
  client.wake.cancel();
  api_.report_slow_client(client.address);
}

void EventStream::tick(TimePoint now) {
  api_.views().sample(now);
  announce_transitions(now);
  if (!clients_.empty()) send_delta(now);
  if (now < forgets_next_) return;
  // Keyed breakers retire and reloads remove others, with or without a request to this server.
  api_.forget_removed_breakers();
  forgets_next_ = saturating_add(now, std::chrono::minutes{1});
}

void EventStream::announce_transitions(TimePoint now) {
  bool changed = false;
  for (auto batch = events_->read(); !batch.empty(); batch = events_->read()) {
    all_changed_ = all_changed_ || batch.lost > 0;
    if (batch.lost > 0) send_all("lost", json::object{{"events", batch.lost}});
    for (const auto& event : batch.events) {
      const auto* transition = std::get_if<LoggedTransition>(event.get());
      changed = changed || transition != nullptr;
      if (transition != nullptr) note_changed(transition->breaker);
      if (clients_.empty()) continue;
      if (transition != nullptr) send_transition(*transition);
      if (const auto* instance = std::get_if<LoggedInstance>(event.get())) send_instance(*instance);
      if (const auto* adapted = std::get_if<LoggedAdapted>(event.get())) send_adapted(*adapted);
      if (const auto* ramp = std::get_if<LoggedRamp>(event.get())) send_ramp(*ramp);
      if (const auto* level = std::get_if<LoggedLevel>(event.get())) send_level(*level);
      if (const auto* experiment = std::get_if<LoggedExperiment>(event.get())) send_experiment(*experiment);
    }
    changed = changed || batch.lost > 0;
  }
  if (changed && !clients_.empty()) send_delta(now);
}

/// Without a client no delta would make the set empty again, and strangers may choose the names.
void EventStream::note_changed(const std::string& breaker) {
  if (clients_.empty()) {
    all_changed_ = true;
  } else {
    changed_.insert(breaker);
  }
}

void EventStream::send_transition(const LoggedTransition& transition) {
  json::object data{{"circuit", transition.breaker}};
  for (auto& [key, value] : transition_json(transition, api_.views().registry().anchor()))
    data[key] = std::move(value);
  send_all("transition", data);
}

void EventStream::send_instance(const LoggedInstance& instance) {
  json::object data{{"service", instance.service}};
  for (auto& [key, value] : instance_json(instance)) data[key] = std::move(value);
  send_all("instance", data);
}

void EventStream::send_adapted(const LoggedAdapted& adapted) {
  json::object data{{"circuit", adapted.breaker},
                    {"at", iso8601(api_.views().registry().anchor().to_wall(adapted.at))}};
  for (auto& [key, value] : adapted_json(adapted)) data[key] = std::move(value);
  send_all("adapted", data);
}

void EventStream::send_ramp(const LoggedRamp& ramp) {
  json::object data{{"circuit", ramp.breaker},
                    {"at", iso8601(api_.views().registry().anchor().to_wall(ramp.at))},
                    {"change", to_string(ramp.change)},
                    {"text", ramp_text(ramp)}};
  for (auto& [key, value] : ramp_json(ramp)) data[key] = std::move(value);
  send_all("ramp", data);
}

void EventStream::send_level(const LoggedLevel& level) {
  json::object data{
      {"circuit", level.breaker}, {"state", to_string(level.state)}, {"generation", level.generation}};
  for (auto& [key, value] : level_change_json(level.change, api_.views().registry().anchor()))
    data[key] = std::move(value);
  send_all("level", data);
}

void EventStream::send_experiment(const LoggedExperiment& experiment) {
  send_all("experiment",
           json::object{{"service", experiment.service},
                        {"candidate", experiment.policy},
                        {"at", iso8601(api_.views().registry().anchor().to_wall(experiment.at))},
                        {"what", experiment.what},
                        {"text", experiment.text}});
}

bool EventStream::has_changed(const std::shared_ptr<CircuitBreaker>& breaker, const Sent& sent,
                              const BreakerLook& look) const {
  return sent.of.lock() != breaker || all_changed_ || changed_.contains(breaker->name()) ||
         !looks_alike(sent.look, look);
}

void EventStream::send_delta(TimePoint now) {
  json::array changed;
  json::array removed;
  auto sent = sent_.begin();
  const auto skip_removed_before = [&](const std::string* name) {
    while (sent != sent_.end() && (name == nullptr || sent->first < *name)) {
      removed.emplace_back(sent->first);
      sent = sent_.erase(sent);
    }
  };
  for (const auto& breaker : api_.views().registry().all()) {  // as sent_, in the order of the names
    skip_removed_before(&breaker->name());
    BreakerLook look = api_.views().look(*breaker, now);
    const bool is_known = sent != sent_.end() && sent->first == breaker->name();
    if (!is_known) sent = sent_.try_emplace(sent, breaker->name());
    if (!is_known || has_changed(breaker, sent->second, look)) {
      json::object view = api_.views().of(*breaker, look);
      if (is_known && sent->second.of.lock() == breaker) view.erase("policy");
      changed.push_back(std::move(view));
      sent->second = {std::move(look), breaker};
    }
    ++sent;
  }
  skip_removed_before(nullptr);
  changed_.clear();
  all_changed_ = false;
  if (changed.empty() && removed.empty()) return;
  if (clients_.empty()) return;
  const auto delta =
      event("delta", json::object{{"at", iso8601(api_.views().registry().anchor().to_wall(now))},
                                  {"health", api_.health()},
                                  {"circuit_breakers", std::move(changed)},
                                  {"removed", std::move(removed)}});
  delta_bytes_ = delta->size();
  for (EventClient* client : clients_) queue(*client, delta);
}

std::shared_ptr<const std::string> EventStream::event(std::string_view type, const json::value& data) {
  std::string text = "id: " + std::to_string(++id_) + "\nevent: ";
  text += type;
  text += "\ndata: ";
  text += json_text(data);  // on one line: JSON escapes every line break within a string
  text += "\n\n";
  return std::make_shared<const std::string>(std::move(text));
}

void EventStream::queue(EventClient& client, const std::shared_ptr<const std::string>& event) {
  if (client.dropped) return;
  // A snapshot may be larger than the limit by itself; it is what comes on top of it that counts.
  const std::size_t limit = std::max(limits_.events_queued, deltas_of_lag * delta_bytes_);
  if (client.queued_bytes > 0 && client.queued_bytes + event->size() > limit) {
    drop(client);
    return;
  }
  client.queued_bytes += event->size();
  client.queue.push_back(event);
  client.wake.cancel();
}

void EventStream::send_all(std::string_view type, const json::value& data) {
  if (clients_.empty()) return;
  const auto made = event(type, data);
  for (EventClient* client : clients_) queue(*client, made);
}

}  // namespace switchgear::admin
