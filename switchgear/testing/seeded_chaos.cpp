#include "switchgear/testing/seeded_chaos.hpp"

#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>

namespace switchgear::testing {

std::uint64_t seed_from_environment(std::uint64_t otherwise) {
  const char* const text = std::getenv("SWITCHGEAR_SEED");  // NOLINT(concurrency-mt-unsafe): tests start here
  if (text == nullptr) return otherwise;
  const std::string_view given{text};
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), seed);
  if (error != std::errc{} || end != given.data() + given.size()) {
    throw std::invalid_argument("SWITCHGEAR_SEED=" + std::string{given} + " is not a number");
  }
  return seed;
}

ChaosOptions failing_dependency(double share, Duration max_delay) {
  ChaosOptions options;
  options.enabled = true;
  options.fail = {share / 3, FailureType::connection_error};
  options.delay = {share / 3, Duration::zero(), max_delay};
  options.timeout = {share / 3};
  return options;
}

}  // namespace switchgear::testing
