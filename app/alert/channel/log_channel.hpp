// The channel for those who read the gateway's log.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "app/alert/channel/channel.hpp"

namespace switchgear::alert {

/// A line an alert: a warning, or an info when it is resolved. Always delivered.
class LogChannel final : public Channel {
 public:
  LogChannel(boost::asio::io_context& loop, spdlog::logger& log) : loop_(loop), log_(log) {}
  void deliver(const Message& message, Done done) override;

 private:
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);  ///< expires with the channel
  boost::asio::io_context& loop_;
  spdlog::logger& log_;
};

}  // namespace switchgear::alert
