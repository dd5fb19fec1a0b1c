// A request that brought no answer, and whether the agent may have got it.
#pragma once

#include "switchgear/http/error.hpp"

namespace switchgear::a2a {

/// What the policies see of an http::Error; the caller gets it as that.
class NoAnswer final : public http::Error {
 public:
  NoAnswer(const http::Error& failed, bool may_have_run) : http::Error(failed), may_have_run_(may_have_run) {}

  /// The agent may have acted on the message.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }

 private:
  bool may_have_run_;
};

}  // namespace switchgear::a2a
