#include "switchgear/policy/chaos.hpp"

#include <utility>

#include "switchgear/core/random.hpp"
#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const ChaosOptions& options) {
  OptionChecker check;
  double together = 0;
  bool each_is_a_ratio = true;
  const auto probability = [&](std::string_view key, double value) {
    check.ratio(key, value);
    each_is_a_ratio = each_is_a_ratio && value >= 0 && value <= 1;
    together += value;
  };
  probability("fail.probability", options.fail.probability);
  probability("delay.probability", options.delay.probability);
  probability("timeout.probability", options.timeout.probability);
  probability("abort.probability", options.abort.probability);
  probability("force_open.probability", options.force_open.probability);
  check.not_negative("delay.min", options.delay.min);
  check.want(options.delay.max >= options.delay.min, "delay.max", OptionChecker::seconds(options.delay.max),
             "at least delay.min (" + OptionChecker::seconds(options.delay.min) + ")");
  // Ten tenths may come to a little over 1.
  if (each_is_a_ratio && together > 1 + 1e-9) {
    check.problem("", "the probabilities come to " + OptionChecker::number(together) +
                          "; expected at most 1, because a call gets at most one fault");
  }
  return check.take();
}

std::string_view to_string(Chaos::Injection::Kind kind) noexcept {
  constexpr std::array<std::string_view, Chaos::kinds> names{"none",    "fail",  "delay",
                                                             "timeout", "abort", "force_open"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view Chaos::Injection::text() const noexcept {
  constexpr std::array<std::string_view, kinds> texts{
      "", "chaos: fail", "chaos: delay", "chaos: timeout", "chaos: abort", "chaos: force_open"};
  return texts[static_cast<std::size_t>(kind)];
}

Chaos::Chaos(std::string name, const ChaosOptions& options, std::uint64_t seed, CircuitBreaker* target)
    : enabled_(options.enabled), options_(options), seed_(seed), target_(target), name_(std::move(name)) {
  require_valid("chaos", name_, validate(options));
}

Chaos::Injection Chaos::draw() noexcept {
  const Injection drawn = injection(drawn_.fetch_add(1, std::memory_order_relaxed));
  by_kind_[static_cast<std::size_t>(drawn.kind)].fetch_add(1, std::memory_order_relaxed);
  return drawn;
}

Chaos::Injection Chaos::injection(std::uint64_t n) const noexcept {
  using Kind = Injection::Kind;
  constexpr std::uint64_t numbers_per_draw = 2;
  Random random = Random::at(seed_, n * numbers_per_draw);
  double dice = random.uniform();
  const auto falls_to = [&dice](double probability) {
    if (dice < probability) return true;
    dice -= probability;
    return false;
  };
  if (falls_to(options_.fail.probability)) return {Kind::fail, Duration::zero(), options_.fail.type};
  if (falls_to(options_.delay.probability)) {
    return {Kind::delay, uniform_between(random, options_.delay.min, options_.delay.max)};
  }
  if (falls_to(options_.timeout.probability)) return {Kind::timeout, Duration::zero(), FailureType::timeout};
  if (falls_to(options_.abort.probability)) return {Kind::abort};
  if (falls_to(options_.force_open.probability)) return {Kind::force_open};
  return {};
}

Chaos::Totals Chaos::totals() const noexcept {
  Totals totals;
  for (std::size_t i = 0; i < kinds; ++i) {
    totals.by_kind[i] = by_kind_[i].load(std::memory_order_relaxed);
    totals.drawn += totals.by_kind[i];
  }
  return totals;
}

}  // namespace switchgear
