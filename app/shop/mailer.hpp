// Mail to customers by SMTP.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <string>

#include "app/shop/policies.hpp"

namespace switchgear::shop {

struct Mail {
  std::string to;
  std::string subject;
  std::string text;        ///< ASCII; lines end in \n
  std::string message_id;  ///< without brackets: the same mail, sent twice, has the same
};

/// libcurl blocks, so mails are sent one after the other on a thread of its own. Threads: those of the
/// executor, one at a time.
class Mailer {
 public:
  /// `url`: `smtp://127.0.0.1:2525`. `policies` outlive it.
  Mailer(const boost::asio::any_io_executor& executor, std::string url, const Policies& policies);
  Mailer(const Mailer&) = delete;
  Mailer& operator=(const Mailer&) = delete;
  ~Mailer();  ///< waits for the mail that is under way, no longer than its time limit

  /// Throws Rejected when a policy refuses, and std::runtime_error when the server does not take it.
  [[nodiscard]] boost::asio::awaitable<void> send(Mail mail);

 private:
  boost::asio::any_io_executor executor_;
  const std::string url_;
  const Policies::Mail& policies_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace switchgear::shop
