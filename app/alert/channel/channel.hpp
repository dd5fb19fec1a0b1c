// A way to tell people or programs of alerts. Never here: when a message is sent, and again
// (outbox/courier.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "app/alert/channel/channel_options.hpp"
#include "app/alert/incident/engine.hpp"
#include "app/alert/incident/message.hpp"
#include "app/alert/outbox/courier.hpp"
#include "app/alert/outbox/delivery.hpp"

namespace spdlog {
class logger;
}

namespace switchgear::alert {

class Channel {
 public:
  using Done = std::function<void(const Delivery&)>;

  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  virtual ~Channel() = default;

  /// One attempt. `done` is called once, later, on the loop's thread; not at all when the channel is
  /// destroyed before. One at a time.
  virtual void deliver(const Message& message, Done done) = 0;
};

/// `loop`: run by one thread; it and `log` outlive the channel. Throws std::exception when the options cannot
/// be used: a file of certificates that cannot be read.
[[nodiscard]] std::unique_ptr<Channel> make_channel(boost::asio::io_context& loop,
                                                    const ChannelOptions& options, spdlog::logger& log);

[[nodiscard]] ChannelTerms terms_of(const ChannelOptions& options);
[[nodiscard]] CourierOptions courier_options_of(const ChannelOptions& options);

}  // namespace switchgear::alert
