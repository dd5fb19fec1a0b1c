#include "app/alert/rules/condition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "switchgear/observe/forecast.hpp"
#include "switchgear/observe/load_forecast.hpp"

namespace switchgear::alert {

namespace {

using Found = std::optional<AlertEvidence>;

[[nodiscard]] double ratio(std::uint64_t part, std::uint64_t whole) noexcept {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

/// `14.4`, `1000`.
[[nodiscard]] std::string times(double number) {
  return number < 100 ? fmt::format("{:.3g}", number) : fmt::format("{:.0f}", number);
}

[[nodiscard]] Found found(const BurnRateCondition& condition, const CircuitPast& past, Moment now) {
  const auto burn = [&](const CallsSeen& calls) {
    return ratio(calls.failed + calls.rejected, calls.asked()) / (1 - condition.objective);
  };
  const CallsSeen longer = past.calls_within(condition.longer, now);
  const CallsSeen shorter = past.calls_within(condition.shorter, now);
  if (longer.asked() < condition.min_calls || burn(longer) <= condition.above) return std::nullopt;
  // The short span tells whether it goes on, so a few calls are enough of an answer; none are not.
  if (shorter.asked() == 0 || burn(shorter) <= condition.above) return std::nullopt;
  return AlertEvidence{burn(longer), condition.above, longer.asked(),
                       fmt::format("uses up its error budget {} times too fast over {} and {} times over {} "
                                   "(limit {:.4g}, objective {:.6g})",
                                   times(burn(longer)), spoken(condition.longer), times(burn(shorter)),
                                   spoken(condition.shorter), condition.above, condition.objective)};
}

[[nodiscard]] Found found(const FailureRateCondition& condition, const CircuitPast& past, Moment now) {
  const CallsSeen calls = past.calls_within(condition.within, now);
  const double rate = ratio(calls.failed, calls.admitted());
  if (calls.admitted() < condition.min_calls || rate <= condition.above) return std::nullopt;
  return AlertEvidence{rate, condition.above, calls.admitted(),
                       fmt::format("failure rate {:.2f} of {} calls within {} (limit {:.4g})", rate,
                                   calls.admitted(), spoken(condition.within), condition.above)};
}

constexpr std::size_t forecast_minutes = 60;

/// Minute by minute, the oldest first.
[[nodiscard]] std::vector<CallsSeen> last_hour(const CircuitPast& past, Moment now) {
  std::vector<CallsSeen> minutes(forecast_minutes);
  CallsSeen later{};
  for (std::size_t ago = 0; ago < forecast_minutes; ++ago) {
    const CallsSeen sum = past.calls_within(std::chrono::minutes{ago + 1}, now);
    minutes[forecast_minutes - 1 - ago] = minus(sum, later);
    later = sum;
  }
  return minutes;
}

[[nodiscard]] std::optional<Forecast> forecast_of(const std::vector<CallsSeen>& minutes,
                                                  double failure_rate) {
  std::vector<ForecastPoint> points;
  for (const CallsSeen& calls : minutes)
    points.push_back({static_cast<double>(calls.failed), static_cast<double>(calls.admitted())});
  return forecast(points, failure_rate);
}

[[nodiscard]] std::optional<Forecast> forecast_of(const std::vector<CallsSeen>& minutes,
                                                  std::uint64_t slots) {
  std::vector<LoadPoint> points;
  for (const CallsSeen& calls : minutes)
    points.push_back({static_cast<double>(calls.admitted()), calls.took});
  return forecast_load(points, slots);
}

[[nodiscard]] Found found(const ForecastCondition& condition, const CircuitPast& past, Moment now) {
  const auto& [rate, slots, within] = condition;
  const std::vector<CallsSeen> minutes = last_hour(past, now);
  const auto seen = rate ? forecast_of(minutes, *rate) : forecast_of(minutes, *slots);
  if (!seen || seen->eta > within) return std::nullopt;
  const std::string text =
      rate
          ? fmt::format("failure rate {:.2f} and growing: {:.4g} in about {} if it goes on", seen->now, *rate,
                        spoken(seen->eta))
          : fmt::format("{:.1f} calls in flight and growing: too many for {} slots in about {} if it goes on",
                        seen->now * static_cast<double>(*slots), *slots, spoken(seen->eta));
  return AlertEvidence{to_seconds(seen->eta), to_seconds(within), 0, text};
}

[[nodiscard]] Found found(const ChangesCondition& condition, const CircuitPast& past, Moment now) {
  const std::uint64_t changes = past.changes_within(condition.within, now);
  if (changes <= condition.more_than) return std::nullopt;
  return AlertEvidence{static_cast<double>(changes), static_cast<double>(condition.more_than), 0,
                       fmt::format("{} changes of state within {} (limit {})", changes,
                                   spoken(condition.within), condition.more_than)};
}

[[nodiscard]] Found found_opening(const CircuitPast& past, Moment now) {
  if (!past.opened_at()) return std::nullopt;
  return AlertEvidence{to_seconds(now - *past.opened_at()), 0, 0,
                       past.opened_by().empty() ? std::string{"opened"} : "opened by " + past.opened_by()};
}

[[nodiscard]] Found found(const std::vector<State>& states, const CircuitPast& past, Moment now) {
  const auto named = [&](State state) { return std::ranges::find(states, state) != states.end(); };
  const State state = past.state();
  const bool between_openings = state == State::half_open && past.opened_at() && named(State::open);
  if (!named(state) && !between_openings) return std::nullopt;
  const bool open = state == State::open || between_openings;
  const Moment since = open && past.opened_at() ? *past.opened_at() : past.since();
  // A circuit that was never seen to change has been in its state for longer than is known.
  const std::string_view name = open ? to_string(State::open) : to_string(state);
  if (since == Moment{}) return AlertEvidence{0, 0, 0, std::string{name}};
  return AlertEvidence{to_seconds(now - since), 0, 0, fmt::format("{} for {}", name, spoken(now - since))};
}

}  // namespace

std::optional<AlertEvidence> evidence_of(const When& when, const CircuitPast& past, Moment now) {
  std::optional<AlertEvidence> first;
  const auto holds = [&](Found evidence) {
    if (!evidence) return false;
    if (!first) first = std::move(evidence);
    return true;
  };
  if (when.burn_rate && !holds(found(*when.burn_rate, past, now))) return std::nullopt;
  if (when.failure_rate && !holds(found(*when.failure_rate, past, now))) return std::nullopt;
  if (when.forecast && !holds(found(*when.forecast, past, now))) return std::nullopt;
  if (when.changes && !holds(found(*when.changes, past, now))) return std::nullopt;
  if (when.opened && !holds(found_opening(past, now))) return std::nullopt;
  if (!when.states.empty() && !holds(found(when.states, past, now))) return std::nullopt;
  return first;
}

Duration longest_look(const When& when) noexcept {
  Duration longest{};
  if (when.burn_rate) longest = std::max(when.burn_rate->longer, when.burn_rate->shorter);
  if (when.failure_rate) longest = std::max(longest, when.failure_rate->within);
  if (when.forecast) longest = std::max<Duration>(longest, std::chrono::minutes{forecast_minutes});
  if (when.changes) longest = std::max(longest, when.changes->within);
  return longest;
}

}  // namespace switchgear::alert
