// The process that runs: hands its listening sockets to the one that is to follow.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "app/takeover/message.hpp"
#include "switchgear/core/time.hpp"
#include "switchgear/http/socket_file.hpp"

namespace switchgear::takeover {

/// Listens at a path for another process of the same user, one after the other. Never waits for one: all is
/// done by the loop. Threads: the loop's. Lifetime: `loop` runs nothing of it once it is destroyed.
class Predecessor {
 public:
  /// From the greeting to `ready`.
  static constexpr Duration patience = std::chrono::seconds{60};

  struct Program {
    std::function<std::vector<Handed>()> sockets;
    /// The other process serves: accept no further client, close the files that only one process may have
    /// open. Called once; false: this process is ending already, and hands nothing over.
    std::function<bool(pid_t successor)> step_down;
  };

  /// Only this user can connect to the socket. `inherited` listens at `path` already, as the process before
  /// this one did; empty: none does. Throws std::system_error, which names the path: also when another
  /// process listens there.
  Predecessor(boost::asio::io_context& loop, const std::string& path, Program program, spdlog::logger& log,
              http::Descriptor inherited = {});
  Predecessor(const Predecessor&) = delete;
  Predecessor& operator=(const Predecessor&) = delete;
  ~Predecessor();

 private:
  [[nodiscard]] http::Descriptor adopt(http::Descriptor inherited);
  void wait_for_successor();
  void accept();
  void wait_for_message(void (Predecessor::*next)(const Message&));
  void on_greeting(const Message& message);
  [[nodiscard]] bool hand_over_listening();
  void on_ready(const Message& message);
  void refuse(std::string_view why);
  void give_up(std::string_view why);
  void stop_listening();
  void close();

  const Program program_;
  spdlog::logger& log_;
  http::SocketFile file_;
  boost::asio::posix::stream_descriptor listening_;
  boost::asio::posix::stream_descriptor connection_;
  boost::asio::steady_timer overdue_;
  Peer peer_;
};

}  // namespace switchgear::takeover
