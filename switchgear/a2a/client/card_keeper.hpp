// client/: the parts of a2a::Client. Coroutines on the caller's executor; never here: what a card or an
// answer means, a policy's decision.
//
// This header: the agent's card, kept as long as it may be.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "switchgear/a2a/agent_card.hpp"
#include "switchgear/a2a/card_freshness.hpp"
#include "switchgear/a2a/client_options.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::a2a {

/// A private cache of one entry (RFC 9111): fresh, it is given; else it is revalidated; if the agent gives
/// none, the old one is used for as long as that may be (stale-if-error). Those who ask at the same time wait
/// for one request. Threads: those of the executor.
class CardKeeper : public std::enable_shared_from_this<CardKeeper> {
 public:
  using Card = std::shared_ptr<const AgentCard>;

  CardKeeper(const boost::asio::any_io_executor& executor, const std::string& base_url,
             const ClientOptions& options);

  /// Throws Error, or NoAnswer.
  [[nodiscard]] boost::asio::awaitable<Card> get();
  /// Asks the agent in any case, with the conditions of what is kept, and never gives the old one instead: a
  /// health check.
  [[nodiscard]] boost::asio::awaitable<Card> look();
  /// Null: none yet. Does not say whether it is fresh.
  [[nodiscard]] const Card& kept() const noexcept { return card_; }

 private:
  struct Flight;

  [[nodiscard]] boost::asio::awaitable<Card> fetch();
  void take_off();
  [[nodiscard]] http::Request request() const;
  [[nodiscard]] Card take(const http::Response& response);

  boost::asio::any_io_executor executor_;
  std::string url_;
  Duration timeout_;
  CardCacheOptions options_;
  std::shared_ptr<http::Client> http_;
  std::shared_ptr<Flight> flight_;
  Card card_;
  http::Headers headers_;  ///< of the answer that brought it
  CardFreshness fresh_;
  TimePoint not_before_{};  ///< the agent has just given none
};

}  // namespace switchgear::a2a
