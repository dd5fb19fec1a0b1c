#include "switchgear/a2a/client/agent_guard.hpp"

namespace switchgear::a2a {

std::exception_ptr told_to_caller(const std::exception_ptr& failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const Error& error) {
    if (error.code() != Errc::in_doubt) return failed;
    return std::make_exception_ptr(Rejected(Rejection{Reason::timed_out, "an earlier attempt", {}}));
  } catch (...) {
    return failed;
  }
}

}  // namespace switchgear::a2a
