#include "app/experiment/split.hpp"

#include <cmath>
#include <utility>

namespace switchgear::experiment {

namespace {

/// Of the names, so that a restart or another gateway divides in the same way, and two experiments do not
/// give the same users to both candidates. No secret: a client may choose its arm.
[[nodiscard]] SipKey key_of(const SplitSubject& subject) noexcept {
  const std::string names = subject.service + '\n' + subject.options.candidate;
  return {sip_hash({0, 0}, names), sip_hash({0, 1}, names)};
}

}  // namespace

void SplitLane::add(const Choice& choice, const Seen& seen) {
  const std::lock_guard lock(mutex_);
  ArmTotals& arm = arms_[static_cast<std::size_t>(choice.arm)];
  ++arm.block.calls;
  arm.block.seconds += to_seconds(seen.took);
  Group& group = arm.groups[choice.hash % groups_of_values];
  ++group.calls;
  if (seen.bad) {
    ++arm.block.bad;
    ++group.bad;
  }
  if (seen.refused) ++arm.refused;
  values_.add(choice.hash);
}

void SplitLane::leave_out() {
  const std::lock_guard lock(mutex_);
  ++left_out_;
}

Split::Split(SplitSubject subject)
    : subject_(std::move(subject)),
      key_(key_of(subject_)),
      limit_(static_cast<std::uint64_t>(std::ldexp(subject_.options.share, 64))) {}

Arm Split::arm_of(std::uint64_t hash) const noexcept { return hash < limit_ ? Arm::candidate : Arm::current; }

Choice Split::choose(std::string_view value) const noexcept {
  if (value.empty() || !divides()) return {};
  const std::uint64_t hash = sip_hash(key_, value);
  return {arm_of(hash), true, hash};
}

std::int64_t Split::block_at(Wall now) const noexcept {
  const auto since = std::chrono::duration_cast<Duration>(now.time_since_epoch());
  return since / subject_.options.block;
}

Choice Split::choose_block(std::int64_t block) const noexcept {
  if (!divides()) return {};
  return {arm_of(sip_hash(key_, std::to_string(block))), true, 0};
}

std::shared_ptr<SplitLane> Split::new_lane() {
  auto lane = std::make_shared<SplitLane>();
  const std::lock_guard lock(mutex_);
  lanes_.push_back(lane);
  return lane;
}

void Split::record(SplitLane& lane, const Choice& choice, const Seen& seen) {
  if (!choice.counts || !divides()) return;
  lane.add(choice, seen);
  durations(choice.arm).record(seen.took);
}

void Split::leave_out(SplitLane& lane) {
  if (divides()) lane.leave_out();
}

Split::Totals Split::totals() const {
  Totals all;
  const std::lock_guard lock(mutex_);
  for (const auto& lane : lanes_) {
    const std::lock_guard reading(lane->mutex_);
    for (std::size_t i = 0; i < all.arms.size(); ++i) {
      const ArmTotals& from = lane->arms_[i];
      all.arms[i].block = all.arms[i].block + from.block;
      all.arms[i].refused += from.refused;
      for (std::size_t g = 0; g < groups_of_values; ++g) {
        all.arms[i].groups[g].calls += from.groups[g].calls;
        all.arms[i].groups[g].bad += from.groups[g].bad;
      }
    }
    all.left_out += lane->left_out_;
    all.values.add(lane->values_);
  }
  return all;
}

std::array<std::uint64_t, 2> Split::divided(const SampledValues& values) const noexcept {
  std::array<std::uint64_t, 2> found{};
  for (const std::uint64_t hash : values.hashes()) ++found[static_cast<std::size_t>(arm_of(hash))];
  return found;
}

}  // namespace switchgear::experiment
