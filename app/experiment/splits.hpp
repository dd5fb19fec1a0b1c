// What the splits of all services have come to, block by block; and the end of a candidate that does harm.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/experiment/split.hpp"
#include "app/experiment/split_watch.hpp"
#include "app/experiment/stop_record.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/observe/event_queue.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/telemetry/metric_families.hpp"

namespace switchgear::experiment {

/// Threads: any.
class Splits {
 public:
  using Live = std::map<std::string, std::shared_ptr<Split>>;

  /// `live`: the splits that there are now, by service. `events` gets verdicts and ends. `registry` is
  /// borrowed.
  Splits(std::function<Live()> live, BreakerRegistry& registry, std::shared_ptr<EventQueue> events);
  Splits(const Splits&) = delete;
  Splits& operator=(const Splits&) = delete;
  ~Splits();

  /// The splits that there are get no candidate's requests until keep() and what it reads say which of them
  /// were stopped before this process. To be called before the first request.
  void hold();
  /// Stops are kept in `record`, and those that are there hold: what was stopped stays stopped.
  /// `can_be_read`: false as long as something else stands in for the record; until then, what hold() holds
  /// waits.
  void keep(std::unique_ptr<const StopRecord> record, std::function<bool()> can_be_read, TimePoint now);
  /// Stops are not kept: what was stopped before is not known, and all splits begin.
  void keep_nothing();

  /// Judges what is complete. To be called at next_look().
  void advance(TimePoint now);
  /// In a second at the latest.
  [[nodiscard]] TimePoint next_look(TimePoint now) const;

  enum class Stopped : std::uint8_t { done, before, not_found };
  /// The candidate's requests are the service's own policy's from now on.
  Stopped stop(const std::string& service, TimePoint now);
  /// Tells that a split begins anew, which `live` knows already.
  void restarted(const std::string& service, TimePoint now);

  /// Sorted by service.
  [[nodiscard]] std::vector<SplitStanding> all(TimePoint now) const;
  /// Null: the service has none.
  [[nodiscard]] std::shared_ptr<const Split> find(const std::string& service) const;
  /// Adds `switchgear_split_*`.
  void add_metrics(telemetry::MetricFamilies& to) const;

 private:
  void tell(const Split& split, std::string what, std::string text, TimePoint now) const;
  void follow(TimePoint now);
  void load(TimePoint now);
  void apply(const std::vector<StoppedSplit>& stopped, TimePoint now);
  void begin_all();
  /// For texts about a stop.
  [[nodiscard]] const char* until_when() const noexcept;
  void note_stop(const SplitWatch& watch, TimePoint now);
  void write(std::function<std::future<void>()> write);
  void see_what_was_written();

  const std::function<Live()> live_;
  BreakerRegistry& registry_;
  const std::shared_ptr<EventQueue> events_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<SplitWatch>> watches_;

  std::unique_ptr<const StopRecord> record_;
  std::function<bool()> can_be_read_;
  std::shared_ptr<std::vector<StoppedSplit>> loaded_;
  std::future<void> loading_;
  bool knows_ = true;  ///< which splits were stopped before

  struct Writing {
    std::function<std::future<void>()> again;
    std::future<void> done;
  };
  std::vector<Writing> writing_;  ///< oldest first
};

}  // namespace switchgear::experiment
