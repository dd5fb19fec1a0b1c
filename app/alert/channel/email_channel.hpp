// The channel for people who read mail: SMTP by libcurl, on a thread of its own.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/alert/channel/channel.hpp"

namespace switchgear::alert {

/// One mail a message, `text/plain`. Its Message-ID is the message's id, so that a mail that is sent twice is
/// recognised as one. A server's 5xx about the mail is refused; one about who we are, and all else, is
/// failed. If a server takes some recipients and not others, the mail is delivered. The destructor breaks off
/// a mail that is under way, which takes a second at most.
class EmailChannel final : public Channel {
 public:
  EmailChannel(boost::asio::io_context& loop, const EmailOptions& email, const ChannelOptions& options);
  void deliver(const Message& message, Done done) override;

 private:
  struct Mail {
    std::string text;
    Done done;
  };
  void run(const std::stop_token& stop);
  [[nodiscard]] Delivery send(const std::string& text, const std::stop_token& stop) const;

  boost::asio::io_context& loop_;
  const EmailOptions email_;
  const ChannelOptions options_;
  /// Expires with the channel: what is posted to the loop does nothing afterwards.
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
  std::mutex mutex_;
  std::condition_variable_any more_;
  std::optional<Mail> mail_;
  std::jthread thread_;  // last: it uses the others
};

/// The mail as it goes over the wire: its lines end in CR LF, and all of it is ASCII. `now` is its Date.
[[nodiscard]] std::string mail_text(const Message& message, const EmailOptions& email,
                                    const std::string& external_url, Moment now);

}  // namespace switchgear::alert
