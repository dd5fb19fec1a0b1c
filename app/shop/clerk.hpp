// Does what follows from orders, until it is done: the account's figures, the mail, releases and refunds. All
// of it is rows in the database, so a process that is killed loses none of it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "app/shop/mailer.hpp"
#include "app/shop/policies.hpp"
#include "app/shop/store.hpp"
#include "app/shop/user_directory.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::shop {

struct ClerkCounts {
  std::uint64_t done = 0;
  std::uint64_t postponed = 0;
  std::uint64_t abandoned = 0;  ///< orders that were cancelled because they were open for too long
};

/// Threads: those of its executor, one at a time. Borrows all it is given.
class Clerk {
 public:
  struct Urls {
    std::string inventory, payment, accounts;
  };

  /// Throws http::Error for a URL that cannot be called. Orders that are open for longer than
  /// `abandoned_after` are cancelled.
  Clerk(const boost::asio::any_io_executor& executor, Store& store, const Policies& policies,
        UserDirectory& users, Mailer& mailer, const Urls& urls, Duration abandoned_after);

  /// Looks for work ten times a second, for as long as its executor runs.
  void start();
  [[nodiscard]] const ClerkCounts& counts() const noexcept { return counts_; }

 private:
  [[nodiscard]] boost::asio::awaitable<void> run();
  [[nodiscard]] boost::asio::awaitable<bool> round();
  /// Work of one kind, one after the other: a dependency that is slow holds up no other kind.
  [[nodiscard]] boost::asio::awaitable<void> work_through(std::vector<Work> all);
  [[nodiscard]] boost::asio::awaitable<void> handle(const Work& work);
  [[nodiscard]] boost::asio::awaitable<void> attempt(const Work& work);
  [[nodiscard]] boost::asio::awaitable<void> ask(http::Client& service, const char* method,
                                                 const std::string& target);

  boost::asio::any_io_executor executor_;
  Store& store_;
  UserDirectory& users_;
  Mailer& mailer_;
  http::Client inventory_;
  http::Client payment_;
  http::Client accounts_;
  const Duration abandoned_after_;
  boost::asio::steady_timer timer_;
  ClerkCounts counts_;
};

}  // namespace switchgear::shop
