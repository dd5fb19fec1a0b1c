#include "switchgear/observe/figures/health_score.hpp"

#include <algorithm>

#include "switchgear/observe/figures/success_rate.hpp"

namespace switchgear::figures {

int health_score(State state, const WindowSnapshot& window, std::size_t opened) noexcept {
  int score = 100;
  if (state == State::open || state == State::forced_open) score -= 50;
  if (state == State::half_open) score -= 25;
  const double rate = success_rate(window);
  if (rate < 0.5) {
    score -= 25;
  } else if (rate < 0.8) {
    score -= 10;
  }
  return std::max(score - 5 * static_cast<int>(opened), 0);
}

std::size_t openings_among(std::span<const LoggedTransition> last) noexcept {
  return static_cast<std::size_t>(std::ranges::count(last, State::open, &LoggedTransition::to));
}

}  // namespace switchgear::figures
