// The meaning of an agent's answer for the policies: a verdict, and whether asking again may do harm. Used by
// the client, and by the gateway on what it passes through.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/task_state.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::a2a {

/// Which ends are failures of the agent. Errors that the caller has caused are `ignored`.
struct FailureRules {
  bool timeout = true;
  bool connection_error = true;
  /// States of an answered task that are failures too. Usually none: the agent works, and has said that the
  /// task did not.
  std::vector<TaskState> task_states{};
};

/// Whether an attempt may be made again.
enum class Again : std::uint8_t {
  harmless,  ///< it reads, it cancels, or the agent tells duplicates by the message's id
  harmful,   ///< a message that the agent may act on twice
};

/// Threads: any, it is constant.
class FailureClassifier {
 public:
  explicit FailureClassifier(FailureRules rules = {}) : rules_(std::move(rules)) {}

  /// A result, with the state of its task if it has one.
  [[nodiscard]] Outcome of_result(std::optional<TaskState> state, Duration latency) const noexcept;
  /// -32603, -32006, an unknown server error, a malformed answer, 5xx and 429 are failures; all others
  /// are the caller's. A 429 or 503 that says when to come back may be asked again, whatever it was asked:
  /// the agent has refused the request. `http_status` 0: no answer.
  [[nodiscard]] Outcome of_error(Errc error, const AgentReport& report, Again again,
                                 Duration latency) const noexcept;
  /// Without an answer: an error of http::Client, or of the system.
  [[nodiscard]] Outcome of_code(const std::error_code& code, Again again, Duration latency) const noexcept;

 private:
  FailureRules rules_;
};

/// Whether the agent may have got a request that ended with this error of http::Client: no, when no
/// connection was made.
[[nodiscard]] bool may_have_been_sent(const std::error_code& code) noexcept;

}  // namespace switchgear::a2a
