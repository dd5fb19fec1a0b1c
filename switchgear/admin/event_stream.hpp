// The event stream's content: what is sent to its clients and when, in bounded queues. Bytes, not sockets
// (session.hpp has those), so that it can be tested without any.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "switchgear/admin/api.hpp"
#include "switchgear/observe/event_queue.hpp"

namespace switchgear::admin {

/// One client's queue. Its session waits on `wake` and writes what is queued.
struct EventClient {
  explicit EventClient(const boost::asio::any_io_executor& executor, std::string address_of_client = {})
      : wake(executor), address(std::move(address_of_client)) {}

  std::deque<std::shared_ptr<const std::string>> queue;  ///< each a whole event, shared among the clients
  std::size_t queued_bytes = 0;  ///< in `queue`, without what a session is just writing
  bool dropped = false;          ///< lagged too far behind, or read nothing: to be disconnected
  bool left = false;             ///< ended the connection itself
  boost::asio::steady_timer wake;
  std::string address;  ///< without the port
};

/// Sends `snapshot` once to each client, then `delta` with the breakers that changed; `transition` and
/// `instance` at once. When more events came than the queue holds, `lost` says how many are missing:
/// transitions, and what else the program logs in that queue. Every event of the stream has an id, rising by
/// one over the whole stream. Threads: the admin thread only.
class EventStream {
 public:
  EventStream(Api& api, const ServerLimits& limits) : api_(api), limits_(limits) {}

  /// To be called once, before tick() and announce_transitions(). `wake` is called on the thread of a call,
  /// and may be before this returns. The owner is to call announce_transitions() soon, but not while this
  /// runs.
  void listen(std::shared_ptr<EventQueue> events, std::function<void()> wake = {});

  /// Adds a client and queues its snapshot; false when there are too many.
  [[nodiscard]] bool join(EventClient& client);
  void leave(EventClient& client);
  /// Counts and reports a client that reads too slowly. Its session disconnects it. Harmless when it was
  /// dropped before.
  void drop(EventClient& client);

  /// Samples the rates, then queues what changed since the last tick for every client. Once a minute of `now`
  /// it drops the transitions of breakers that have left the registry.
  void tick(TimePoint now);

  /// Queues the transitions that are new and the breakers they changed, and what happened to instances.
  void announce_transitions(TimePoint now);

  /// The queue has stopped calling `wake`, and no transition is added.
  void stop_listening() { events_.reset(); }

  [[nodiscard]] std::size_t clients() const noexcept { return clients_.size(); }
  [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

 private:
  struct Sent {
    BreakerLook look;                  ///< of the last view
    std::weak_ptr<CircuitBreaker> of;  ///< another object: replaced by a reload, so its policy is sent again
  };

  [[nodiscard]] std::shared_ptr<const std::string> event(std::string_view type,
                                                         const boost::json::value& data);
  void queue(EventClient& client, const std::shared_ptr<const std::string>& event);
  void send_all(std::string_view type, const boost::json::value& data);
  void send_transition(const LoggedTransition& transition);
  void send_instance(const LoggedInstance& instance);
  void send_adapted(const LoggedAdapted& adapted);
  void send_ramp(const LoggedRamp& ramp);
  void send_level(const LoggedLevel& level);
  void send_experiment(const LoggedExperiment& experiment);
  void note_changed(const std::string& breaker);
  void send_delta(TimePoint now);
  [[nodiscard]] bool has_changed(const std::shared_ptr<CircuitBreaker>& breaker, const Sent& sent,
                                 const BreakerLook& look) const;

  Api& api_;
  const ServerLimits& limits_;
  std::optional<EventQueue::Reader> events_;
  std::set<EventClient*> clients_;
  std::map<std::string, Sent, std::less<>> sent_;
  std::set<std::string, std::less<>> changed_;  ///< breakers with transitions since the last delta
  bool all_changed_ = false;                    ///< transitions were lost: it may be any of them
  TimePoint forgets_next_{};
  std::uint64_t id_ = 0;
  std::size_t delta_bytes_ = 0;  ///< of the last one
  std::uint64_t dropped_ = 0;
};

}  // namespace switchgear::admin
