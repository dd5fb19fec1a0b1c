// A channel with its courier, at work: the loop that drives one by the other.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/alert/channel/channel.hpp"
#include "app/alert/channel/channel_options.hpp"
#include "app/alert/outbox/courier.hpp"

namespace switchgear::alert {

struct SenderCounts {
  std::uint64_t delivered = 0;  ///< messages
  std::uint64_t failed = 0;     ///< attempts that are tried again
  std::uint64_t refused = 0;    ///< messages that the receiver will never take
  std::uint64_t dropped = 0;    ///< messages that made way for later ones
};

/// Threads: that of the loop, and any while it does not run.
class Sender {
 public:
  /// A message is done with: delivered, refused or dropped. Called on the loop's thread.
  using Done = std::function<void(const Message&)>;

  /// `channel`: made from the options.
  Sender(boost::asio::io_context& loop, const ChannelOptions& options, std::unique_ptr<Channel> channel,
         spdlog::logger& log, std::uint64_t seed, Done done);
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void send(Message message);
  /// Other options from now on, with the channel that was made from them. The attempt that is under way ends
  /// as it was begun; all others use the new ones.
  void replace(const ChannelOptions& options, std::unique_ptr<Channel> channel);

  /// Nothing more is sent to the channel; what waits for it is dropped.
  void close();

  [[nodiscard]] const ChannelOptions& options() const noexcept { return options_; }
  [[nodiscard]] const Courier& courier() const noexcept { return courier_; }
  [[nodiscard]] const SenderCounts& counts() const noexcept { return counts_; }

 private:
  void pump();
  void ended(const Delivery& delivery);
  void log(const Delivery& delivery, const Message* done);

  /// Expires with the sender: a timer that is due already does nothing afterwards.
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);
  ChannelOptions options_;
  spdlog::logger& log_;
  Done done_;
  Courier courier_;
  SenderCounts counts_;
  std::unique_ptr<Channel> channel_;
  std::unique_ptr<Channel> leaving_;  ///< replaced while it delivered
  bool under_way_ = false;
  bool failing_ = false;  ///< and said so
  boost::asio::steady_timer timer_;
};

}  // namespace switchgear::alert
