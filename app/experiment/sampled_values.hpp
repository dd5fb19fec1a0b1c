// How many different values there were, from a sample of them that chance alone chooses.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace switchgear::experiment {

/// Those values whose hashes are the smallest when their halves are swapped (bottom-k; Cohen, Kaplan 2007),
/// because the upper bits of a hash say which arm a value belongs to. At most 1,024, of any number.
class SampledValues {
 public:
  static constexpr std::size_t most = 1'024;

  void add(std::uint64_t hash) {
    const std::uint64_t rank = std::rotl(hash, 32);
    if (ranks_.size() == most && rank >= ranks_.back()) return;
    const auto place = std::ranges::lower_bound(ranks_, rank);
    if (place != ranks_.end() && *place == rank) return;
    ranks_.insert(place, rank);
    if (ranks_.size() > most) ranks_.pop_back();
  }
  void add(const SampledValues& more) {
    for (const std::uint64_t rank : more.ranks_) add(std::rotl(rank, 32));
  }

  [[nodiscard]] std::vector<std::uint64_t> hashes() const {
    std::vector<std::uint64_t> all;
    for (const std::uint64_t rank : ranks_) all.push_back(std::rotl(rank, 32));
    return all;
  }
  /// Different values: exact up to `most`, from there with a standard error of 3 %.
  [[nodiscard]] double estimate() const noexcept {
    if (ranks_.size() < most) return static_cast<double>(ranks_.size());
    return static_cast<double>(most - 1) * 0x1p64 / static_cast<double>(ranks_.back());
  }

 private:
  std::vector<std::uint64_t> ranks_;  ///< sorted
};

}  // namespace switchgear::experiment
