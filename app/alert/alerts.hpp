// app/alert: what is worth telling people of, and how they are told: rules, incidents, messages, channels.
// Never here: deciding about a call.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "app/alert/alert_options.hpp"
#include "app/alert/incident/engine.hpp"
#include "app/alert/outbox/backlog.hpp"
#include "app/alert/outbox/outbox_store.hpp"
#include "app/alert/sender.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::alert {

/// What the alerts are about, and where the log is. Borrowed until Alerts is destroyed.
struct AlertSources {
  BreakerRegistry& registry;
  std::shared_ptr<EventQueue> events;  ///< subscribed to the registry
  spdlog::logger& log;
  /// Further labels of a circuit: `service`, `scope`. Called on the thread of Alerts. May be empty.
  std::function<Labels(const std::string& circuit)> labels;
  /// How long all calls of a circuit have taken together, since the start. Called on the thread of Alerts.
  /// May be empty.
  std::function<Duration(const std::string& circuit)> took = {};
  /// The wall clock. Called on the thread of Alerts.
  std::function<Moment()> wall = [] { return Moment{std::chrono::system_clock::now()}; };
};

/// The engine at work: looks at every circuit each second and at every transition, keeps what must outlive
/// the process, and tells the channels. It does so on a thread of its own, and writes to the store on another
/// one, so that a slow disk holds up nothing else: a message waits for the disk until the store gives up, and
/// is sent then. Threads: the methods may be called from any thread.
class Alerts {
 public:
  /// Throws std::exception when a channel cannot be made.
  Alerts(const AlertOptions& options, AlertSources sources, std::unique_ptr<OutboxStore> store);
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;
  /// As stop().
  ~Alerts() { stop(); }

  /// With the incidents and messages that the store has kept.
  void start();
  /// Breaks off what is being delivered; a store that keeps messages has it still. Waits for the store, which
  /// is not used any more.
  void stop();
  /// Makes what other options need, and returns the function that puts them in force; incidents go on. Throws
  /// std::exception when a channel cannot be made. Until the function is called nothing has changed. One
  /// change at a time.
  [[nodiscard]] std::function<void()> prepare(const AlertOptions& options);

  /// What channels do.
  struct ChannelStatus {
    std::string name;
    std::string_view kind;
    std::size_t waiting = 0;
    State breaker = State::closed;
    std::string problem;  ///< of the last attempt; empty: none
    SenderCounts counts;
  };
  struct Shown {
    Incident incident;
    std::string text;
    std::string muted_by;
  };
  struct Status {
    Moment at{};
    std::vector<Shown> incidents;
    std::vector<Silence> silences;
    std::vector<ChannelStatus> channels;
    std::vector<std::string> rules;
    std::uint64_t store_errors = 0;  ///< writes that failed
    std::uint64_t events_lost = 0;   ///< changes of state among them were not seen
    std::uint64_t not_begun = 0;     ///< see Engine
  };
  /// As it was within the last second, and after the last command. Never null. Waits for nothing.
  [[nodiscard]] std::shared_ptr<const Status> status() const;

  /// False when the incident does not exist or is over.
  bool acknowledge(const std::string& id, const std::string& by);
  /// Returns its id; empty when there are too many.
  std::string silence(Silence silence);
  bool end_silence(const std::string& id);

 private:
  using Channels = std::map<std::string, std::unique_ptr<Channel>, std::less<>>;

  /// Runs it on the loop's thread, and waits for it.
  template <class F>
  auto on_loop(F f);

  void restore();
  [[nodiscard]] Moment now() const;
  /// Takes over the wall clock where it was set, as by NTP, or after the machine has slept.
  void follow_wall_clock();
  void read_events();
  void look();
  void look_every_second();
  /// Keeps and sends what has changed.
  void settle();
  void write_backlog();
  void written(const std::string& problem);
  void send_ready();
  /// Those that the options name, and that are new or other than now.
  [[nodiscard]] Channels new_channels(const AlertOptions& options);
  void use(const AlertOptions& options, Channels channels);
  void finished(const Message& message);
  void publish();
  void publish_soon();
  [[nodiscard]] std::vector<Sighting> sightings() const;
  [[nodiscard]] Labels labels_of(const std::string& circuit) const;

  const AlertSources sources_;
  const std::unique_ptr<OutboxStore> store_;
  boost::asio::io_context loop_;  ///< all below is used on its thread
  WallAnchor anchor_;
  Engine engine_;
  Backlog backlog_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  boost::asio::steady_timer second_{loop_};
  boost::asio::steady_timer soon_{loop_};
  bool soon_is_set_ = false;
  std::map<std::string, std::unique_ptr<Sender>, std::less<>> senders_;
  std::uint64_t store_errors_ = 0;
  std::uint64_t events_lost_ = 0;
  std::optional<EventQueue::Reader> events_;

  mutable std::mutex mutex_;  ///< guards the next one
  std::shared_ptr<const Status> status_;

  bool stopped_ = false;
  bool write_failed_ = false;           ///< of the writer's thread: the last one
  boost::asio::thread_pool writer_{1};  ///< uses the store
  std::jthread thread_;
};

}  // namespace switchgear::alert
