#include "switchgear/health/check_options.hpp"

#include <string_view>

#include "switchgear/policy/option_checker.hpp"

namespace switchgear::health {

std::vector<OptionProblem> validate(const WatchOptions& options) {
  constexpr std::uint64_t most_in_a_row = 1'000;
  OptionChecker check;
  check.positive("interval", options.interval);
  check.want(options.jitter >= 0 && options.jitter < 1, "jitter", OptionChecker::number(options.jitter),
             "a ratio from 0 to below 1");
  check.positive("timeout", options.timeout);
  check.between("unhealthy", options.rows.unhealthy, 1, most_in_a_row);
  check.between("healthy", options.rows.healthy, 1, most_in_a_row);
  if (options.no_traffic_interval) check.positive("no_traffic_interval", *options.no_traffic_interval);
  return check.take();
}

bool is_json_pointer(std::string_view text) noexcept {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

}  // namespace switchgear::health
