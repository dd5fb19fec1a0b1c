// Durations: whatever the text, either an exact value that is written back the same, or a problem in words.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "switchgear/config/duration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchgear;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const config::ParsedDuration parsed = config::parse_duration(text);
  if (!parsed.value) {
    if (parsed.problem.empty()) std::abort();
    return 0;
  }
  const std::string written = config::format_duration(*parsed.value);
  if (config::parse_duration(written).value != parsed.value) std::abort();
  // Written once, it stays as it is written.
  if (config::format_duration(*config::parse_duration(written).value) != written) std::abort();
  return 0;
}
