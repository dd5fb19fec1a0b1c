// Which instance of a service a call goes to. Decides only: it opens no connection and reads no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "switchgear/core/random.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/instances/instance.hpp"
#include "switchgear/policy/option_problem.hpp"

namespace switchgear::instances {

enum class Balance : std::uint8_t {
  /// In turns, an instance of weight 2 twice as often, its turns spread (nginx's smooth weighted round
  /// robin).
  round_robin,
  /// Of two instances drawn by weight, the one with fewer calls in flight per weight (Mitzenmacher: "The
  /// power
  /// of two choices in randomized load balancing", 2001). Between equals the one drawn first, so that a
  /// service
  /// with little traffic is called by weight.
  least_requests,
  /// The same key goes to the same instance while that one is usable and has room. Weighted rendezvous
  /// hashing
  /// (Thaler, Ravishankar 1998; Schindelhauer, Schomaker 2005): when an instance leaves, only its own keys
  /// move, and they spread over all others. Not a ring: a pick costs O(instances), the weights are met
  /// exactly.
  hash,
};

struct BalanceOptions {
  Balance method = Balance::least_requests;
  /// An instance that has joined or returned gets a share of its weight that grows linearly to all of it over
  /// this time. 0: at once. Does not apply to `hash`, where it would move keys.
  Duration slow_start{};
  double slow_start_from = 0.1;  ///< the share at its beginning; (0, 1]
  /// For `hash`: an instance is full when it has this many times its fair part of all calls in flight,
  /// rounded up; the key then goes to its next instance (Mirrokni, Thorup, Zadimoghaddam: "Consistent hashing
  /// with bounded loads", 2018). 1 … 1'000; lower spreads more and moves more keys.
  double bound = 1.25;

  friend bool operator==(const BalanceOptions&, const BalanceOptions&) = default;
};

[[nodiscard]] std::vector<OptionProblem> validate(const BalanceOptions& options);

/// A 64-bit key for Pick::key, the same in every process: FNV-1a.
[[nodiscard]] std::uint64_t balance_key(std::string_view text) noexcept;

/// One worker's balancer; the instances are shared with the other workers.
///
///     Balancer balancer{{.method = Balance::least_requests}, seed};
///     balancer.set_instances({{ejection.add("10.0.0.1:80", now), 2}, {ejection.add("10.0.0.2:80", now),
///     1}}); const auto* picked = balancer.pick({.now = now, .panic = ejection.panicking()}); if (picked ==
///     nullptr) return service_unavailable(); InstanceCall call{*picked};
///
/// Threads: one at a time; use one for each worker. pick() allocates nothing and costs O(instances). Chance:
/// the picks are a function of the seed, the instances' states and the arguments. Different seeds begin a
/// round robin at different instances, so that workers do not call the same instance at the same moment.
class Balancer {
 public:
  struct Entry {
    std::shared_ptr<Instance> instance;
    double weight = 1;  ///< 0: a reserve, picked if no other may be; at most 1'000'000
  };

  struct Pick {
    TimePoint now{};
    std::uint64_t key = 0;  ///< for `hash`
    bool panic = false;     ///< all instances are used (Ejection::panicking())
    /// Where the earlier attempts of this call went. None of these if another may be picked.
    std::span<const Instance* const> avoid{};
  };

  /// Throws std::invalid_argument naming every problem when `options` are not valid.
  Balancer(const BalanceOptions& options, std::uint64_t seed);

  /// Instances that were there before keep their place in the round. Throws std::invalid_argument, and
  /// changes nothing, if a weight is not from 0 to 1'000'000.
  void set_instances(std::vector<Entry> entries);

  /// Null if the service has no instances, or all are out and it is not panic. Borrowed until
  /// set_instances().
  [[nodiscard]] const std::shared_ptr<Instance>* pick(const Pick& pick) noexcept;

  [[nodiscard]] const BalanceOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

 private:
  struct Slot {
    std::shared_ptr<Instance> instance;
    double weight = 1;
    double current = 0;      ///< of the smooth round
    std::uint64_t hash = 0;  ///< of its name
  };
  struct Candidate {
    std::size_t slot = 0;
    double weight = 0;  ///< above 0
  };

  void find_candidates(const Pick& pick) noexcept;
  void add_candidate(std::size_t slot, TimePoint now) noexcept;
  void count_zero_weights() noexcept;
  [[nodiscard]] double weight_at(const Slot& slot, TimePoint now) const noexcept;

  [[nodiscard]] std::size_t next_in_round() noexcept;
  [[nodiscard]] std::size_t least_of_two() noexcept;
  [[nodiscard]] std::size_t draw(std::size_t without) noexcept;
  [[nodiscard]] std::size_t by_hash(std::uint64_t key) const noexcept;
  [[nodiscard]] std::uint32_t in_flight(const Candidate& candidate) const noexcept {
    return slots_[candidate.slot].instance->in_flight();
  }

  const BalanceOptions options_;
  Random random_;
  std::vector<Slot> slots_;
  std::vector<Candidate> candidates_;  ///< of the current pick; as much capacity as slots
};

}  // namespace switchgear::instances
