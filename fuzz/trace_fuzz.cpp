// A recorded trace: every line is read or refused with its place, and time never runs backwards in what is
// read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>

#include "app/lab/trace_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace switchgear;
  std::istringstream input(std::string(reinterpret_cast<const char*>(data), size));
  lab::TraceReader reader{input, "fuzz"};
  try {
    TimePoint latest = TimePoint::min();
    while (const auto entry = reader.next()) {
      if (entry->at < latest) std::abort();
      latest = entry->at;
    }
  } catch (const lab::TraceError& error) {
    if (std::string_view{error.what()}.rfind("fuzz:", 0) != 0) std::abort();
  }
  return 0;
}
