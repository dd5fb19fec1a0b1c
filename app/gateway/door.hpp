// One listening socket, as the thread that accepts from it sees it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>
#include <utility>

#include "app/gateway/listening/listener.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/http/descriptor.hpp"

namespace switchgear::gateway {

/// A connection that was accepted.
struct NewClient {
  http::Descriptor socket;     ///< non-blocking; empty: none was, and errno says why
  std::string client_address;  ///< an IP address, or `unix:`
};

/// Threads: the worker's.
class Door {
 public:
  Door(boost::asio::io_context& context, std::shared_ptr<const Listener> listener, http::Descriptor socket)
      : listener_(std::move(listener)), socket_(context, socket.release()) {}

  [[nodiscard]] const Listener& listener() const noexcept { return *listener_; }
  [[nodiscard]] boost::asio::posix::stream_descriptor& socket() noexcept { return socket_; }
  [[nodiscard]] bool open() const noexcept { return socket_.is_open(); }
  void close() noexcept;

  [[nodiscard]] NewClient accept();
  /// Whether a client waits. One system call.
  [[nodiscard]] bool client_waits() noexcept;

  config::Encryption encryption = config::Encryption::none;
  bool waiting = false;  ///< for the next client

 private:
  std::shared_ptr<const Listener> listener_;
  boost::asio::posix::stream_descriptor socket_;
};

}  // namespace switchgear::gateway
