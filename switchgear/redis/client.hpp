// A connection to Redis that comes back: with full jitter, behind a breaker of its own, scripts by their
// digest.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/redis/client_options.hpp"
#include "switchgear/redis/connection.hpp"
#include "switchgear/redis/script.hpp"

namespace switchgear::redis {

class Session;

/// Threads: those of its executor, one at a time. Lifetime: nothing is called after close().
class Client {
 public:
  /// `seed`: for jitter.
  Client(boost::asio::any_io_executor executor, ClientOptions options, std::uint64_t seed);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();  ///< as close()

  /// Connects, and goes on doing so whenever the connection is lost.
  void start(std::function<void()> connected = {}, Heard heard = {});

  /// `done` is called once, never from within this; an error of the server's comes as a reply. In a cluster
  /// any node is asked, and the one that it names.
  void send(std::string command, Done done);
  /// EVALSHA, and EVAL if the server does not know the script. `script` must live until `done` has been
  /// called. In a cluster all keys have one slot, or the server refuses them.
  void run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments, Done done,
           Asking asking = Asking::no);

  /// Ends the connection and makes another: for a server that answers, but is not the one to talk to.
  void reconnect();
  void close();

  [[nodiscard]] bool connected() const noexcept;
  /// Why there is no connection, or why the server cannot do its work; for people. Empty once it does again.
  [[nodiscard]] std::string trouble() const;
  [[nodiscard]] ClientCounts counts() const;

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace switchgear::redis
