// The addresses of the names that services' instances have, looked up in the background.
#pragma once

#include <spdlog/logger.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::gateway {

/// Where an instance is, and where the file says that it is: the same, or a name that leads there.
struct KnownInstance {
  config::Upstream upstream;
  config::Endpoint written;
};

/// A name that cannot be looked up keeps the addresses that are known, and so does one that has none left.
///
///     InstanceNames names{log, [&] { … names.known_of(upstream) … }};
///     names.follow({{"payment.internal", std::chrono::seconds{10}}});
///
/// Threads: any, each method; one at a time but for known_of(). `changed` is called on a thread of its own;
/// it must not call stop().
class InstanceNames {
 public:
  /// `log` is borrowed.
  InstanceNames(spdlog::logger& log, std::function<void()> changed);
  InstanceNames(const InstanceNames&) = delete;
  InstanceNames& operator=(const InstanceNames&) = delete;
  ~InstanceNames() { stop(); }

  /// Looks up these names from now on, each at such intervals, new ones at once.
  void follow(std::map<std::string, Duration> wanted);
  /// `changed` is not called any more. Waits for a lookup that is under way.
  void stop();

  /// Where a service's instances are: an upstream for each address that is known of a name, with its weight.
  [[nodiscard]] std::vector<KnownInstance> known_of(const config::Service& service) const;

 private:
  using Addresses = std::vector<std::string>;  ///< sorted
  struct Name {
    Duration refresh{};
    boost::asio::steady_timer timer;
    bool failed = false;
  };
  using Names = std::map<std::string, Name>;

  void begin(const std::map<std::string, Duration>& wanted);
  void look_up(const std::string& host);
  void take(const std::string& host, const boost::system::error_code& error,
            const boost::asio::ip::tcp::resolver::results_type& found);
  void note(Name& name, const std::string& host, const std::string& problem);
  [[nodiscard]] bool store(const std::string& host, Addresses addresses);

  spdlog::logger& log_;
  const std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::map<std::string, Addresses> known_;
  boost::asio::io_context loop_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  boost::asio::ip::tcp::resolver resolver_{loop_};
  Names names_;  ///< of the loop's thread
  std::jthread thread_;
};

}  // namespace switchgear::gateway
