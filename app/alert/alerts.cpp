#include "app/alert/alerts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <exception>
#include <future>
#include <random>
#include <stdexcept>
#include <utility>
#include <variant>

namespace switchgear::alert {

namespace {

constexpr auto a_second = std::chrono::seconds{1};

/// What changes within this time is published together.
constexpr auto collecting = std::chrono::milliseconds{20};

[[nodiscard]] CallsSeen calls_of(const CallTotals& totals) {
  CallsSeen seen;
  seen.succeeded = totals.successes;
  seen.failed = totals.failures;
  seen.rejected = totals.rejected;
  return seen;
}

/// `at`: when it was, by the alerts' own clock.
[[nodiscard]] StateChange change_of(const LoggedTransition& transition, Moment at) {
  const bool by_operator = transition.rule == Rule::operator_command;
  const std::string evidence = by_operator
                                   ? std::string{"an operator"}
                                   : fmt::format("{} ({:.4g}, threshold {:.4g})", to_string(transition.rule),
                                                 transition.value, transition.threshold);
  return {transition.breaker, transition.to, at, evidence, by_operator};
}

/// The text of the problem; empty: all is kept.
[[nodiscard]] std::string commit(OutboxStore& store, const Changes& changes) {
  try {
    store.commit(changes);
    return {};
  } catch (const std::exception& error) {
    return error.what()[0] == '\0' ? "unknown" : error.what();
  }
}

}  // namespace

Alerts::Alerts(const AlertOptions& options, AlertSources sources, std::unique_ptr<OutboxStore> store)
    : sources_(std::move(sources)),
      store_(std::move(store)),
      anchor_{std::chrono::steady_clock::now(), sources_.wall()} {
  use(options, new_channels(options));
  publish();
}

/// What an earlier process has left.
void Alerts::restore() {
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
      backlog_.finished(message.id);
    } else {
      at->second->send(std::move(message));
    }
  }
  publish();
}

void Alerts::stop() {
  if (std::exchange(stopped_, true)) return;
  loop_.stop();
  if (thread_.joinable()) thread_.join();
  events_.reset();
  writer_.join();
  // The loop has not heard of the last write, or has left changes. A store that fails is not waited for
  // again.
  if (const Changes rest = backlog_.rest(); !rest.empty() && !write_failed_) {
    const std::string problem = commit(*store_, rest);
    if (!problem.empty())
      sources_.log.error("alerts: the last ones are not kept, and a restart may tell them again: {}",
                         problem);
  }
}

Moment Alerts::now() const { return anchor_.to_wall(std::chrono::steady_clock::now()); }

void Alerts::start() {
  restore();
  events_.emplace(sources_.events, [this] { boost::asio::post(loop_, [this] { read_events(); }); });
  look_every_second();  // the first time here: with the labels of circuits, before their events
  thread_ = std::jthread{[this] { loop_.run(); }};
}

template <class F>
auto Alerts::on_loop(F f) {
  if (!thread_.joinable()) return f();  // not started yet
  std::packaged_task<decltype(f())()> task{std::move(f)};
  auto result = task.get_future();
  boost::asio::post(loop_, [&task] { task(); });
  return result.get();
}

std::function<void()> Alerts::prepare(const AlertOptions& options) {
  const auto channels = std::make_shared<Channels>(on_loop([&] { return new_channels(options); }));
  return [this, options, channels] {
    on_loop([&] {
      use(options, std::move(*channels));
      look();
      publish();
    });
  };
}

Alerts::Channels Alerts::new_channels(const AlertOptions& options) {
  Channels channels;
  for (const ChannelOptions& channel : options.channels) {
    const auto at = senders_.find(channel.name);
    if (at != senders_.end() && at->second->options() == channel) continue;
    try {
      channels[channel.name] = make_channel(loop_, channel, sources_.log);
    } catch (const std::exception& error) {
      throw std::runtime_error{fmt::format("alerts.channels.{}: {}", channel.name, error.what())};
    }
  }
  return channels;
}

void Alerts::use(const AlertOptions& options, Channels channels) {
  std::erase_if(senders_, [&](const auto& entry) {
    const auto& names = options.channels;
    if (std::ranges::find(names, entry.first, &ChannelOptions::name) != names.end()) return false;
    entry.second->close();
    return true;
  });
  std::random_device seeds;
  for (const ChannelOptions& channel : options.channels) {
    const auto made = channels.find(channel.name);
    if (made == channels.end()) continue;
    if (const auto at = senders_.find(channel.name); at != senders_.end()) {
      at->second->replace(channel, std::move(made->second));
    } else {
      senders_[channel.name] =
          std::make_unique<Sender>(loop_, channel, std::move(made->second), sources_.log, seeds(),
                                   [this](const Message& message) { finished(message); });
    }
  }
  engine_.configure(options.plan(), now());
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
    if (sources_.took) sighting.totals.took = sources_.took(one.name);
    sighting.labels = labels_of(one.name);
    seen.push_back(std::move(sighting));
  }
  return seen;
}

void Alerts::read_events() {
  for (auto batch = events_->read(); !batch.empty(); batch = events_->read()) {
    if (batch.lost > 0) {
      events_lost_ += batch.lost;
      sources_.log.warn("alerts: {} events came too fast; changes of state among them do not count",
                        batch.lost);
    }
    for (const auto& event : batch.events) {
      const auto* const transition = std::get_if<LoggedTransition>(event.get());
      if (transition == nullptr) continue;
      engine_.changed(change_of(*transition, anchor_.to_wall(transition->at)),
                      labels_of(transition->breaker));
    }
  }
  settle();
}

void Alerts::follow_wall_clock() {
  const WallAnchor next{std::chrono::steady_clock::now(), sources_.wall()};
  const Duration set = WallAnchor::between(anchor_.to_wall(next.monotonic), next.wall);
  if (set < a_second && set > -a_second) return;
  anchor_ = next;
  engine_.clock_was_set(set);
}

void Alerts::look() {
  follow_wall_clock();
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
  backlog_.add(engine_.take(now()));
  write_backlog();
  send_ready();
  publish_soon();
}

void Alerts::write_backlog() {
  const std::shared_ptr<const Changes> batch = backlog_.next();
  if (!batch) return;
  boost::asio::post(writer_, [this, batch] {
    std::string problem = commit(*store_, *batch);
    write_failed_ = !problem.empty();
    boost::asio::post(loop_, [this, problem = std::move(problem)] { written(problem); });
  });
}

/// Logs when the store begins to fail and when all is kept again. What failed is tried again each second.
void Alerts::written(const std::string& problem) {
  const bool failed_before = backlog_.failing();
  backlog_.ended(problem.empty());
  if (problem.empty()) {
    if (failed_before) sources_.log.info("alerts: they are kept again");
    write_backlog();
  } else {
    ++store_errors_;
    if (!failed_before)
      sources_.log.error("alerts: they cannot be kept for now, and a restart would tell them again: {}",
                         problem);
  }
  send_ready();
  publish_soon();
}

void Alerts::send_ready() {
  std::vector<Message> ready = backlog_.take_ready();
  if (!ready.empty()) publish();  // a receiver may ask for what it is told of
  for (Message& message : ready) {
    const auto at = senders_.find(message.channel);
    if (at == senders_.end()) {
      finished(message);  // a reload has removed its channel
    } else {
      at->second->send(std::move(message));
    }
  }
}

void Alerts::finished(const Message& message) {
  if (message.telling != Telling::refresh) {
    backlog_.finished(message.id);
    write_backlog();
  }
  publish_soon();
}

bool Alerts::acknowledge(const std::string& id, const std::string& by) {
  return on_loop([&] {
    const bool done = engine_.acknowledge(id, by, now());
    settle();
    publish();
    return done;
  });
}

std::string Alerts::silence(Silence silence) {
  return on_loop([&] {
    std::string id = engine_.silence(std::move(silence), now());
    settle();
    publish();
    return id;
  });
}

bool Alerts::end_silence(const std::string& id) {
  return on_loop([&] {
    const bool done = engine_.end_silence(id);
    settle();
    publish();
    return done;
  });
}

std::shared_ptr<const Alerts::Status> Alerts::status() const {
  const std::lock_guard lock{mutex_};
  return status_;
}

void Alerts::publish_soon() {
  if (std::exchange(soon_is_set_, true)) return;
  soon_.expires_after(collecting);
  soon_.async_wait([this](const boost::system::error_code& error) {
    soon_is_set_ = false;
    if (!error) publish();
  });
}

void Alerts::publish() {
  auto status = std::make_shared<Status>();
  status->at = now();
  const Mutes mutes = engine_.mutes(status->at);
  for (Incident& incident : engine_.incidents()) {
    std::string text = engine_.text_of(incident, status->at);
    std::string muted_by = incident.stage == Stage::resolved ? std::string{} : mutes.by(incident);
    status->incidents.push_back({std::move(incident), std::move(text), std::move(muted_by)});
  }
  status->silences = engine_.silences(status->at);
  for (const auto& [name, sender] : senders_) {
    const Courier& courier = sender->courier();
    status->channels.push_back({name, sender->options().kind_name(), courier.waiting(), courier.breaker(),
                                courier.problem(), sender->counts()});
  }
  for (const AlertRule& rule : engine_.plan().rules) status->rules.push_back(rule.name);
  status->store_errors = store_errors_;
  status->events_lost = events_lost_;
  status->not_begun = engine_.not_begun();
  const std::lock_guard lock{mutex_};
  status_ = std::move(status);
}

}  // namespace switchgear::alert
