// Channels that are told by a POST: Slack, PagerDuty, Alertmanager, webhooks.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "app/alert/channel/channel.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::alert {

/// Each POST carries the message's id as its Idempotency-Key. Answers: 2xx is delivered; 429 is busy; a
/// status about the message (400, 413, 414, 422) is refused; every other one, about the receiver or the
/// access to it, is failed.
class HttpChannel final : public Channel {
 public:
  using Body = std::function<std::string(const Message&)>;

  /// `url`: checked by the configuration. `token`: a bearer's; empty: none.
  HttpChannel(boost::asio::io_context& loop, const std::string& url, const std::string& token,
              const ChannelOptions& options, Body body);

  void deliver(const Message& message, Done done) override;

 private:
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);  ///< expires with the channel
  const std::string target_;
  const Duration timeout_;
  const Body body_;
  http::Client client_;
};

}  // namespace switchgear::alert
