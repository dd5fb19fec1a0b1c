#include "app/gateway/call/call_client.hpp"

namespace switchgear::gateway {

unsigned status_of(Reason reason) noexcept {
  switch (reason) {
    case Reason::rate_limited:
      return 429;
    case Reason::deadline_exceeded:
    case Reason::timed_out:
      return 504;
    default:
      return 503;
  }
}

}  // namespace switchgear::gateway
