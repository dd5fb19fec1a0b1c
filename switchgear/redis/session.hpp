// What is behind a Client: one server, or the nodes of a cluster.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "switchgear/redis/client_options.hpp"
#include "switchgear/redis/connection.hpp"
#include "switchgear/redis/script.hpp"

namespace switchgear::redis {

/// As Client. Lifetime: its operations keep it alive until close().
class Session {
 public:
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  virtual ~Session() = default;

  virtual void start(std::function<void()> connected, Heard heard) = 0;
  virtual void send(std::string text, Done done) = 0;
  virtual void run(const Script& script, std::vector<std::string> keys, std::vector<std::string> arguments,
                   Done done, Asking asking) = 0;
  virtual void reconnect() = 0;
  virtual void close() = 0;
  [[nodiscard]] virtual bool connected() const noexcept = 0;
  [[nodiscard]] virtual std::string trouble() const = 0;
  [[nodiscard]] virtual ClientCounts counts() const = 0;
};

[[nodiscard]] std::shared_ptr<Session> make_server_session(boost::asio::any_io_executor executor,
                                                           ClientOptions options, std::uint64_t seed);
[[nodiscard]] std::shared_ptr<Session> make_cluster_session(boost::asio::any_io_executor executor,
                                                            ClientOptions options, std::uint64_t seed);

}  // namespace switchgear::redis
