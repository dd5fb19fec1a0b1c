// What an agent thinks of an order, asked over A2A before a card is charged. Nice to have: an order goes on
// without advice.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "app/shop/policies.hpp"
#include "app/shop/store.hpp"
#include "switchgear/a2a/client.hpp"

namespace switchgear::shop {

struct AdviceCounts {
  std::uint64_t given = 0;    ///< the agent has nothing against the order
  std::uint64_t against = 0;  ///< the agent advises against it
  std::uint64_t missing = 0;  ///< the agent failed, was refused by its policies, or said something else
};

enum class Advice : std::uint8_t { go_on, against, none };

/// Threads: those of its executor, one at a time. Borrows the policies of `risk`.
class Adviser {
 public:
  /// `url`: of the agent; empty: without an agent, and so without advice. Throws http::Error for a URL that
  /// cannot be called.
  Adviser(const boost::asio::any_io_executor& executor, const Policies& policies, const std::string& url);

  /// Never fails, and takes no longer than `limit` and the policies of `risk` let it.
  [[nodiscard]] boost::asio::awaitable<Advice> ask(const Wish& wish, Duration limit);
  [[nodiscard]] const AdviceCounts& counts() const noexcept { return counts_; }

 private:
  std::unique_ptr<a2a::Client> agent_;
  AdviceCounts counts_;
};

}  // namespace switchgear::shop
