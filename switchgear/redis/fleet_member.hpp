// A process as a member of a fleet: its thread, what that keeps of each circuit, and when it asks the store.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "switchgear/redis/client.hpp"
#include "switchgear/redis/fleet_circuit.hpp"
#include "switchgear/redis/fleet_options.hpp"
#include "switchgear/redis/fleet_queue.hpp"
#include "switchgear/redis/fleet_status.hpp"
#include "switchgear/redis/script.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::redis {

/// What the fleet's thread keeps. Everything is that thread's own but what is published for status().
/// A report goes round all circuits once in `interval`, a few commands at a time, so that the last of
/// thousands has its own time to be answered; what has changed meanwhile comes first.
class FleetMember {
 public:
  FleetMember(BreakerRegistry& registry, FleetOptions options, FleetMemory memory);
  FleetMember(const FleetMember&) = delete;
  FleetMember& operator=(const FleetMember&) = delete;
  ~FleetMember();

  [[nodiscard]] FleetStatus status(FleetDetail detail) const;
  bool command(std::string_view circuit, bool open, Duration length, std::string by);
  [[nodiscard]] FleetMemory hand_over();

 private:
  class Bell;
  struct Entry {
    FleetCircuit circuit;
    std::weak_ptr<CircuitBreaker> breaker;  ///< a keyed one may retire
    std::vector<std::string> keys;
    std::vector<FleetVoter> voters{};
    std::string trouble{};  ///< what the store said in place of a view
    bool has_voted = false;
    bool owes_pull = false;  ///< the votes of the others are to be shown, and a vote went out in its place
    // What is on its way to the store. One of each at most, so that what waits is bounded by the circuits.
    bool asks_view = false, asks_probe = false, asks_result = false, asks_command = false;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  enum class Stay : std::uint8_t { leaves, hands_over };

  void start();
  void stop(Stay stay);
  void pulse_later();
  void pulse();
  void report(TimePoint at);
  void hear_news(const std::vector<std::string>& circuits);
  void serve_queue();
  void follow_registry();
  void leave(const std::string& name, Entry& entry, Stay stay);
  void withdraw(Entry& entry);
  void send_withdrawals();
  void ask(const std::string& name, Entry& entry, FleetDue due, TimePoint at);
  void vote(const std::string& name, Entry& entry, TimePoint at);
  void pull(const std::string& name, Entry& entry, TimePoint at);
  void bid(const std::string& name, Entry& entry, TimePoint at);
  void tell_result(const std::string& name, Entry& entry, TimePoint at);
  void tell_command(const std::string& name, Entry& entry, TimePoint at);
  void join();
  void hear(std::string_view message);
  /// Sends a script, and goes on with the queue when it has been answered.
  void send(const Script& script, const Entry& entry, std::vector<std::string> arguments, Done done);
  /// Runs a script that answers with a view.
  void run(const Script& script, const std::string& name, Entry& entry, bool Entry::*flag,
           std::vector<std::string> arguments, TimePoint at);
  void take_view(const std::string& name, bool Entry::*asked, const Reply& reply, TimePoint sent);
  void take_lease(const std::string& name, std::uint64_t epoch, const Reply& reply, TimePoint sent);
  [[nodiscard]] std::vector<std::string> first_arguments(const Entry& entry);
  [[nodiscard]] Entry* find(std::string_view name);
  void publish(TimePoint at);
  [[nodiscard]] FleetStatus make_status(TimePoint at) const;
  [[nodiscard]] bool is_watched(TimePoint at) const noexcept {
    return ticks_of(at) < watched_until_.load(std::memory_order_relaxed);
  }

  BreakerRegistry& registry_;
  const FleetOptions options_;
  const std::string run_;  ///< of this object: its votes replace those of one with the same identity
  const std::string channel_, members_key_;
  Random random_;
  const std::shared_ptr<boost::asio::io_context> context_ = std::make_shared<boost::asio::io_context>(1);
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer pulse_;
  Client client_;
  Entries entries_;
  FleetMemory memory_;
  FleetQueue queue_;
  std::vector<std::vector<std::string>> withdrawn_;  ///< keys of circuits whose votes are to be taken back
  std::size_t in_flight_ = 0;
  std::uint64_t members_ = 0, ignored_views_ = 0;
  std::string trouble_;  ///< with what is not of one circuit
  TimePoint next_report_{}, publish_from_{};
  Duration pulse_length_{}, longest_wait_{}, round_{};
  bool unpublished_ = false, left_ = false;
  std::atomic<bool> stopped_{false};

  std::shared_ptr<Bell> bell_;
  mutable std::atomic<Duration::rep> watched_until_{0};
  mutable std::mutex mutex_;
  FleetStatus published_;
  std::thread thread_;
};

}  // namespace switchgear::redis
