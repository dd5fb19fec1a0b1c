#include "switchgear/core/raise.hpp"

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace switchgear::detail {

void raise_invalid(const std::string& message) {
#if defined(__cpp_exceptions)
  throw std::invalid_argument(message);
#else
  std::fprintf(stderr, "switchgear: %s\n", message.c_str());
  std::abort();
#endif
}

}  // namespace switchgear::detail
