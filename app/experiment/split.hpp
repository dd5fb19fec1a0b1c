// Which of two policies a request of a service belongs to, and what became of the requests of each.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "app/experiment/sampled_values.hpp"
#include "app/experiment/trial.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/observe/duration_histogram.hpp"
#include "switchgear/policy/sip_hash.hpp"

namespace switchgear::experiment {

enum class Arm : std::uint8_t { current, candidate };

/// All that makes a split what it is: with anything else it is another one, that begins anew.
struct SplitSubject {
  std::string service;
  std::string policy;  ///< the service's own
  config::SplitOptions options;
  config::Policy current, candidate;

  friend bool operator==(const SplitSubject&, const SplitSubject&) = default;
};

/// Of one request.
struct Choice {
  Arm arm = Arm::current;
  bool counts = false;     ///< it belongs to the comparison
  std::uint64_t hash = 0;  ///< of the value that it was divided by
};

/// What a caller saw of one request.
struct Seen {
  bool bad = false;      ///< failed or refused
  bool refused = false;  ///< by a policy, without an answer of the service
  Duration took{};       ///< until the answer began
};

/// Of one arm, since the split began.
struct ArmTotals {
  Block block;
  std::uint64_t refused = 0;
  std::array<Group, groups_of_values> groups{};
};

/// What one thread has counted.
class SplitLane {
 public:
  void add(const Choice& choice, const Seen& seen);
  void leave_out();

 private:
  friend class Split;
  std::mutex mutex_;  ///< between its thread and a reader that comes once a block
  std::array<ArmTotals, 2> arms_{};
  std::uint64_t left_out_ = 0;
  SampledValues values_;
};

/// Requests with the same value of the header belong to one arm, whichever thread, gateway or restart divides
/// them, as long as the service and the candidate have the same names; with a larger share, those that were
/// the candidate's stay its. Without a header all requests of a block of time belong to one arm, which a hash
/// of the block's number says.
/// Threads: any. choose() reads only what is constant and one atomic; a lane is of one thread.
class Split {
 public:
  using Wall = std::chrono::system_clock::time_point;

  explicit Split(SplitSubject subject);
  Split(const Split&) = delete;
  Split& operator=(const Split&) = delete;

  [[nodiscard]] const SplitSubject& subject() const noexcept { return subject_; }
  [[nodiscard]] bool by_value() const noexcept { return !subject_.options.header.empty(); }
  /// An empty value: the request does not have it, and is the current policy's, uncounted.
  [[nodiscard]] Choice choose(std::string_view value) const noexcept;
  /// In turns.
  [[nodiscard]] Choice choose(Wall now) const noexcept { return choose_block(block_at(now)); }
  [[nodiscard]] std::int64_t block_at(Wall now) const noexcept;
  [[nodiscard]] Choice choose_block(std::int64_t block) const noexcept;

  /// The candidate gets no further request, and nothing is counted.
  void stop() noexcept { stopped_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

  /// The same, until release(): it is not known yet whether it was stopped before this process.
  void hold() noexcept { held_.store(true, std::memory_order_relaxed); }
  void release() noexcept { held_.store(false, std::memory_order_relaxed); }
  [[nodiscard]] bool held() const noexcept { return held_.load(std::memory_order_relaxed); }

  /// An operator has set the breaker of one of the arms to `metrics_only`: until that ends, requests say
  /// nothing of the policies. (A state that an operator sets is seen at each request.)
  void set_commanded(bool commanded) noexcept { commanded_.store(commanded, std::memory_order_relaxed); }
  [[nodiscard]] bool commanded() const noexcept { return commanded_.load(std::memory_order_relaxed); }

  /// For one more thread, which records there and nowhere else.
  [[nodiscard]] std::shared_ptr<SplitLane> new_lane();
  [[nodiscard]] DurationHistogram& durations(Arm arm) noexcept {
    return durations_[static_cast<std::size_t>(arm)];
  }
  void record(SplitLane& lane, const Choice& choice, const Seen& seen);
  /// A request that was divided, and says nothing of the policies.
  void leave_out(SplitLane& lane);

  struct Totals {
    std::array<ArmTotals, 2> arms{};
    std::uint64_t left_out = 0;
    SampledValues values;
  };
  [[nodiscard]] Totals totals() const;
  /// Of the values of the sample: how many each arm has.
  [[nodiscard]] std::array<std::uint64_t, 2> divided(const SampledValues& values) const noexcept;

 private:
  [[nodiscard]] Arm arm_of(std::uint64_t hash) const noexcept;

  const SplitSubject subject_;
  const SipKey key_;
  const std::uint64_t limit_;  ///< hashes below it are the candidate's
  [[nodiscard]] bool divides() const noexcept { return !stopped() && !held(); }

  std::atomic<bool> stopped_{false};
  std::atomic<bool> held_{false};
  std::atomic<bool> commanded_{false};
  std::array<DurationHistogram, 2> durations_;
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<SplitLane>> lanes_;
};

}  // namespace switchgear::experiment
