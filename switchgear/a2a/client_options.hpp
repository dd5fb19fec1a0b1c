// The options of a client.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/card_freshness.hpp"
#include "switchgear/a2a/failure_rules.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client_options.hpp"
#include "switchgear/policy/circuit_breaker_options.hpp"

namespace switchgear {
class BreakerRegistry;
}  // namespace switchgear

namespace switchgear::a2a {

/// Whether the agent acts once on a message that it gets twice.
enum class Duplicates : std::uint8_t {
  unknown,             ///< a message whose answer was lost is not sent again
  told_by_message_id,  ///< the agent looks at the message id (3.3.1 allows it): sent again as it was
};

/// How a stream is taken up again after it broke.
struct ResubscribeOptions {
  unsigned max_attempts = 5;                       ///< in a row without an event; 0: never
  Duration base = std::chrono::milliseconds{200};  ///< doubles with each, with full jitter
  Duration max_delay = std::chrono::seconds{5};

  friend bool operator==(const ResubscribeOptions&, const ResubscribeOptions&) = default;
};

struct ClientOptions {
  ClientOptions() {
    // Shorter than the five seconds for which many servers of agents keep an idle connection: the client
    // closes first, so no message meets a connection that is being closed.
    http.pool.idle_timeout = std::chrono::seconds{4};
  }

  /// What the circuits of the agent begin with: `NAME/JSONRPC http://…`. Empty: the agent's origin.
  std::string name{};
  /// Headers (credentials among them), TLS, pools, and the most bytes of an answer. Credentials go to the
  /// agent's origin and to `allowed_origins`, and nowhere else.
  http::ClientOptions http{};
  std::string card_path = "/.well-known/agent-card.json";
  /// Origins, such as `https://eu.agents.example:8443`, that the card may lead to besides its own. A card is
  /// not believed when it names another one: whoever can change the card could take over the messages.
  std::vector<std::string> allowed_origins{};
  /// Interfaces of the first of these versions that the card offers are used, and of no other.
  std::vector<ProtocolVersion> versions{ProtocolVersion::v1_0, ProtocolVersion::v0_3};
  std::vector<std::string> extensions{};  ///< URIs, for A2A-Extensions

  CardCacheOptions card{};
  std::size_t max_card = std::size_t{256} * 1024;  ///< bytes
  Duration card_timeout = std::chrono::seconds{10};
  /// Of a whole call, its retries included, if the call says nothing else; of a stream, until its first
  /// event.
  Duration timeout = std::chrono::seconds{30};
  Duration stream_idle = std::chrono::seconds{120};  ///< without a byte; comments count as life
  Duration task_limit = std::chrono::minutes{30};    ///< of a whole stream, resubscriptions included
  ResubscribeOptions resubscribe{};
  std::size_t max_event = std::size_t{1024} * 1024;  ///< bytes of one event

  Duplicates duplicates = Duplicates::unknown;
  FailureRules failures{};
  /// A breaker for each interface, and for each skill that calls name and the card has. Beside the agent's
  /// own, which is one of the client's policies.
  std::optional<CircuitBreakerOptions> interface_breaker{};
  std::optional<CircuitBreakerOptions> skill_breaker{};
  /// Where these breakers are kept: the program's registry, so that its metrics and its dashboard have them.
  /// Null: one of the client's own.
  std::shared_ptr<BreakerRegistry> registry{};
};

/// About one call.
struct CallSettings {
  // Not an aggregate: g++ 12 destroys one twice that is a temporary of an awaiting expression.
  CallSettings() {}  // NOLINT

  std::optional<Duration> timeout{};  ///< in place of ClientOptions::timeout; when it is over: a failure
  /// When the caller that this program serves stops waiting. If that is before `timeout` ends, it says
  /// nothing about the agent: breakers ignore it. Of a stream: until its first event.
  TimePoint deadline = TimePoint::max();
  std::string skill{};  ///< of the card; whose breaker the call goes through
};

}  // namespace switchgear::a2a
