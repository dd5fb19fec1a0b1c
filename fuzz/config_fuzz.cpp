// The policy file: whatever its bytes, either a configuration or errors that name a place. What loads can be
// built, and explained.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "app/check/explain_report.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/configured_policies.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Absent, or such that the policy can be built.
template <class Options>
bool is_valid(const std::optional<Options>& options) {
  return !options || validate(*options).empty();
}

void check_policy(const switchgear::config::Policy& policy) {
  require(is_valid(policy.circuit_breaker) && is_valid(policy.retry) && is_valid(policy.retry_budget));
  require(is_valid(policy.hedge) && is_valid(policy.bulkhead) && is_valid(policy.rate_limiter));
  require(is_valid(policy.adaptive_limit) && is_valid(policy.admission) && is_valid(policy.cache) &&
          is_valid(policy.chaos));
  require(!switchgear::check::to_text(explain(policy), policy).empty());
  const switchgear::config::ConfiguredPolicies<int> built{
      policy, {}, [](const switchgear::config::ValueFallback&) { return 0; }};
  const switchgear::config::ConfiguredPolicies<int> again{policy, {}, {}, &built};
  require(again.breaker() == built.breaker() && again.cache() == built.cache());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchgear;
  const std::string text(reinterpret_cast<const char*>(data), size);

  const config::Loaded loaded = config::load_text(text, "fuzz.yaml", "/nonexistent");
  require(loaded.config.has_value() == loaded.errors.empty());
  for (const config::Diagnostic& error : loaded.errors) {
    require(error.line >= 1 && error.column >= 1 && !error.message.empty());
  }
  if (loaded.config) {
    int left = 4;  // a window of a million calls is large; ten thousand of them are too large
    for (const auto& [name, policy] : loaded.config->policies) {
      if (left-- > 0) check_policy(policy);
    }
  }
  return 0;
}
