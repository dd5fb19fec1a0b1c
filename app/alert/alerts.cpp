#include "app/alert/alerts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <random>
#include <utility>
#include <variant>

namespace switchgear::alert {

namespace {

constexpr auto a_second = std::chrono::seconds{1};

[[nodiscard]] CallsSeen calls_of(const CallTotals& totals) {
  CallsSeen seen;
  seen.succeeded = totals.successes;
  seen.failed = totals.failures;
  seen.rejected = totals.rejected;
  return seen;
}

[[nodiscard]] StateChange change_of(const LoggedTransition& transition) {
  const std::string evidence = transition.rule == Rule::operator_command
                                   ? std::string{"an operator"}
                                   : fmt::format("{} ({:.4g}, threshold {:.4g})", to_string(transition.rule),
                                                 transition.value, transition.threshold);
  return {transition.breaker, transition.to, transition.wall, evidence};
}

}  // namespace

Alerts::Alerts(const AlertOptions& options, AlertSources sources, std::unique_ptr<OutboxStore> store)
    : sources_(std::move(sources)), anchor_(sources_.registry.anchor()), store_(std::move(store)) {
  put_channels(options);
  engine_.configure(options.plan(), now());
  OutboxStore::Kept kept;
  try {
    kept = store_->load();
  } catch (const std::exception& error) {
    sources_.log.error("alerts: what an earlier process has left cannot be read: {}", error.what());
  }
  engine_.restore(std::move(kept.incidents), std::move(kept.silences), now());
  for (Message& message : kept.messages) {
    const auto at = senders_.find(message.channel);
    if (at == senders_.end()) {
      sources_.log.warn("alerts: a message for channel '{}', which is not configured any more, is dropped",
                        message.channel);
      done(message);
    } else {
      at->second->send(std::move(message));
    }
  }
}

Alerts::~Alerts() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
  events_.reset();
}

Moment Alerts::now() const { return anchor_.to_wall(std::chrono::steady_clock::now()); }

void Alerts::start() {
  events_.emplace(sources_.events, [this] { boost::asio::post(loop_, [this] { read_events(); }); });
  look_every_second();  // the first time here: with the labels of circuits, before their events
  thread_ = std::jthread{[this] { loop_.run(); }};
}

template <class F>
auto Alerts::on_loop(F f) const {
  if (!thread_.joinable()) return f();  // not started yet
  std::packaged_task<decltype(f())()> task{std::move(f)};
  auto result = task.get_future();
  boost::asio::post(loop_, [&task] { task(); });
  return result.get();
}

void Alerts::apply(const AlertOptions& options) {
  on_loop([&] {
    put_channels(options);
    engine_.configure(options.plan(), now());
    look();
  });
}

void Alerts::put_channels(const AlertOptions& options) {
  std::map<std::string, std::unique_ptr<Sender>, std::less<>> made;
  std::random_device seeds;
  for (const ChannelOptions& channel : options.channels) {
    if (senders_.contains(channel.name)) continue;
    made[channel.name] = std::make_unique<Sender>(loop_, channel, sources_.log, seeds(),
                                                  [this](const Message& message) { done(message); });
  }
  // From here on nothing but a file of certificates can fail, which was read by `check` before.
  std::erase_if(senders_, [&](const auto& entry) {
    const auto& channels = options.channels;
    if (std::ranges::find(channels, entry.first, &ChannelOptions::name) != channels.end()) return false;
    entry.second->close();
    return true;
  });
  for (const ChannelOptions& channel : options.channels) {
    const auto at = senders_.find(channel.name);
    if (at != senders_.end()) at->second->replace(channel);
  }
  senders_.merge(made);
}

Labels Alerts::labels_of(const std::string& circuit) const {
  Labels labels;
  if (sources_.labels) labels = sources_.labels(circuit);
  for (const auto& [name, value] : sources_.registry.tags(circuit)) labels.emplace(name, value);
  return labels;
}

std::vector<Sighting> Alerts::sightings() const {
  std::vector<Sighting> seen;
  for (const NamedSnapshot& one : sources_.registry.snapshots(std::chrono::steady_clock::now())) {
    Sighting sighting;
    sighting.circuit = one.name;
    sighting.state = one.snapshot.state;
    sighting.totals = calls_of(one.snapshot.totals);
    sighting.labels = labels_of(one.name);
    seen.push_back(std::move(sighting));
  }
  return seen;
}

void Alerts::read_events() {
  for (auto batch = events_->read(); !batch.empty(); batch = events_->read()) {
    for (const auto& event : batch.events) {
      const auto* const transition = std::get_if<LoggedTransition>(event.get());
      if (transition != nullptr) engine_.changed(change_of(*transition), labels_of(transition->breaker));
    }
  }
  settle();
}

void Alerts::look() {
  engine_.look(sightings(), now());
  settle();
}

void Alerts::look_every_second() {
  look();
  second_.expires_after(a_second);
  second_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look_every_second();
  });
}

void Alerts::settle() {
  Changes changes = engine_.take(now());
  if (changes.empty()) return;
  try {
    store_->commit(changes);
    if (std::exchange(store_failing_, false)) sources_.log.info("alerts: they are kept again");
  } catch (const std::exception& error) {
    // Told all the same: it is better to tell twice after a restart than not at all.
    ++store_errors_;
    if (!std::exchange(store_failing_, true))
      sources_.log.error("alerts: they cannot be kept, and a restart would tell them again: {}",
                         error.what());
  }
  for (Message& message : changes.messages) {
    const auto at = senders_.find(message.channel);
    if (at != senders_.end()) at->second->send(std::move(message));
  }
}

void Alerts::done(const Message& message) {
  if (message.telling == Telling::refresh) return;
  try {
    store_->remove(message.id);
  } catch (const std::exception& error) {
    ++store_errors_;
    if (!std::exchange(store_failing_, true))
      sources_.log.error("alerts: a delivery cannot be noted, and a restart would repeat it: {}",
                         error.what());
  }
}

bool Alerts::acknowledge(const std::string& id, const std::string& by) {
  return on_loop([&] {
    const bool done = engine_.acknowledge(id, by, now());
    settle();
    return done;
  });
}

std::string Alerts::silence(Silence silence) {
  return on_loop([&] {
    std::string id = engine_.silence(std::move(silence), now());
    settle();
    return id;
  });
}

bool Alerts::end_silence(const std::string& id) {
  return on_loop([&] {
    const bool done = engine_.end_silence(id);
    settle();
    return done;
  });
}

Alerts::Status Alerts::status() const {
  return on_loop([&] {
    Status status;
    status.at = now();
    const Mutes mutes = engine_.mutes(status.at);
    for (Incident& incident : engine_.incidents()) {
      std::string text = engine_.text_of(incident, status.at);
      std::string muted_by = incident.stage == Stage::resolved ? std::string{} : mutes.by(incident);
      status.incidents.push_back({std::move(incident), std::move(text), std::move(muted_by)});
    }
    status.silences = engine_.silences(status.at);
    for (const auto& [name, sender] : senders_) {
      const Courier& courier = sender->courier();
      status.channels.push_back({name, sender->options().kind_name(), courier.waiting(), courier.breaker(),
                                 courier.problem(), sender->counts()});
    }
    for (const AlertRule& rule : engine_.plan().rules) status.rules.push_back(rule.name);
    return status;
  });
}

void Alerts::add_metrics(telemetry::MetricFamilies& to) const {
  const Status seen = status();
  std::map<std::pair<std::string, std::string>, std::size_t> firing;
  for (const Shown& shown : seen.incidents) {
    if (shown.incident.stage == Stage::firing)
      ++firing[{shown.incident.rule, std::string{to_string(shown.incident.severity)}}];
  }
  for (const auto& [of, count] : firing) {
    to.gauge("switchgear_alerts_firing", "Incidents that fire.",
             {{"rule", of.first}, {"severity", of.second}}, static_cast<double>(count));
  }
  for (const ChannelStatus& channel : seen.channels) {
    const telemetry::Label name{"channel", channel.name};
    to.gauge("switchgear_alert_messages_waiting", "Messages that wait to be delivered.", {name},
             static_cast<double>(channel.waiting));
    const auto count = [&](const char* result, std::uint64_t value) {
      to.counter("switchgear_alert_deliveries_total",
                 "Messages by what became of them. failed: attempts that are tried again; refused and "
                 "dropped: never "
                 "told.",
                 {name, {"result", result}}, value);
    };
    count("delivered", channel.counts.delivered);
    count("failed", channel.counts.failed);
    count("refused", channel.counts.refused);
    count("dropped", channel.counts.dropped);
  }
  to.counter("switchgear_alert_store_errors_total",
             "Changes of alerts that could not be kept, so that a restart may tell them again.", {},
             on_loop([&] { return store_errors_; }));
}

}  // namespace switchgear::alert
