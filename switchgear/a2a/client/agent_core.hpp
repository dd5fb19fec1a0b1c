// One agent: its card, its interfaces, their breakers, and a call that is made to the first of them that can
// take it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/a2a/client/agent_call.hpp"
#include "switchgear/a2a/client/card_keeper.hpp"
#include "switchgear/a2a/client_options.hpp"
#include "switchgear/async/attempt_op.hpp"
#include "switchgear/http/client.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::a2a {

/// Threads: those of the executor, but registry(). Lifetime: shared by the client, its calls and its streams.
class AgentCore : public std::enable_shared_from_this<AgentCore> {
 public:
  /// Throws http::Error for a URL that cannot be called, std::invalid_argument for options that cannot be
  /// used.
  AgentCore(const boost::asio::any_io_executor& executor, std::string_view base_url, ClientOptions options);

  [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept { return executor_; }
  [[nodiscard]] const ClientOptions& options() const noexcept { return options_; }
  [[nodiscard]] const std::string& name() const noexcept { return options_.name; }
  [[nodiscard]] CardKeeper& card() noexcept { return *keeper_; }
  [[nodiscard]] const FailureClassifier& classifier() const noexcept { return classifier_; }
  [[nodiscard]] BreakerRegistry& registry() const noexcept { return *options_.registry; }

  /// One attempt: to each interface in turn, until one has taken it. Throws NoAnswer, Error, and Rejected
  /// when the last breaker refused.
  [[nodiscard]] boost::asio::awaitable<Reply> attempt(std::shared_ptr<AgentCall> call,
                                                      const AsyncAttempt& made);

  /// A stream of that interface broke after its first event: for the interface's breaker.
  void note_broken_stream(const AgentInterface& at, FailureType how);

  void close_idle();

 private:
  using Breaker = std::shared_ptr<CircuitBreaker>;
  using Interfaces = std::vector<AgentInterface>;

  [[nodiscard]] Interfaces interfaces_of(const AgentCard& card) const;
  [[nodiscard]] boost::asio::awaitable<Reply> through_interfaces(const AgentCard& card,
                                                                 std::shared_ptr<AgentCall> call,
                                                                 const AsyncAttempt& made);
  [[nodiscard]] boost::asio::awaitable<Reply> one(const AgentInterface& to, std::shared_ptr<AgentCall> call);
  [[nodiscard]] boost::asio::awaitable<Reply> request(const AgentInterface& to, const AgentCall& call);
  [[nodiscard]] boost::asio::awaitable<Reply> subscribe(const AgentInterface& to, const AgentCall& call);
  [[nodiscard]] boost::asio::awaitable<Reply> exchange(const AgentInterface& to, const AgentCall& call,
                                                       wire::HttpCall what);
  [[nodiscard]] boost::asio::awaitable<Reply> open(const AgentInterface& to, const AgentCall& call,
                                                   wire::HttpCall what);
  [[nodiscard]] boost::asio::awaitable<std::string> whole_body(http::ResponseStream& stream) const;
  [[nodiscard]] http::Request http_request(const AgentInterface& to, const AgentCall& call,
                                           const wire::HttpCall& what) const;
  [[nodiscard]] std::shared_ptr<http::Client> http_to(const AgentInterface& to);
  [[nodiscard]] Breaker breaker_of(const AgentInterface& at) const;
  [[nodiscard]] Breaker breaker_of_skill(const AgentCard& card, const std::string& skill) const;
  [[nodiscard]] Outcome outcome_of(const std::exception_ptr& failed, const AgentCall& call,
                                   const AsyncAttempt& made, Duration latency) const;
  template <class F>
  [[nodiscard]] boost::asio::awaitable<Reply> guarded(Breaker breaker, std::shared_ptr<AgentCall> call,
                                                      const AsyncAttempt& made, F operation);

  boost::asio::any_io_executor executor_;
  std::string base_url_;
  std::string origin_;
  ClientOptions options_;
  FailureClassifier classifier_;
  std::shared_ptr<CardKeeper> keeper_;
  CardKeeper::Card seen_;                                      ///< whose interfaces `http_` is for
  std::map<std::string, std::shared_ptr<http::Client>> http_;  ///< by origin
  std::set<std::string> subscribed_by_post_;                   ///< URLs of interfaces
};

}  // namespace switchgear::a2a
