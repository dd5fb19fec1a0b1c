// The policy file: whatever its bytes, either a configuration or errors that name a place; and durations are
// exact.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/config/config.hpp"
#include "app/config/duration.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
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
    for (const auto& [name, policy] : loaded.config->policies) {
      require(!policy.circuit_breaker || validate(*policy.circuit_breaker).empty());
    }
  }

  if (const auto parsed = config::parse_duration(text); parsed.value) {
    const auto again = config::parse_duration(config::format_duration(*parsed.value));
    require(again.value == parsed.value);
  } else {
    require(!parsed.problem.empty());
  }
  return 0;
}
