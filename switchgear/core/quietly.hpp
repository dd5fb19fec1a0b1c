// The one way the library runs a listener: whatever that throws ends there.
#pragma once

namespace switchgear::detail {

/// Runs `f()`, which is a user's code, and drops what it throws: a listener's exception must not affect the
/// call.
template <class F>
void quietly(F&& f) noexcept {
#if defined(__cpp_exceptions)
  try {
    f();
  } catch (...) {  // NOLINT(bugprone-empty-catch): see above
  }
#else
  f();
#endif
}

}  // namespace switchgear::detail
