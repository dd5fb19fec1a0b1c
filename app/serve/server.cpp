#include "app/serve/server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/gateway/open_files.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::serve {

namespace {

constexpr auto a_second = std::chrono::seconds{1};

[[nodiscard]] std::string url_of(const config::Endpoint& endpoint, std::uint16_t port) {
  return "http://" + config::text_of({endpoint.host, port});
}

/// Makes what listens. `key`: of the policy file; `flag`: given in its place, if it was.
template <class Make>
[[nodiscard]] auto listening(std::string_view key, std::string_view flag, bool by_flag, Make make) {
  try {
    return make();
  } catch (const std::system_error& error) {
    throw CannotListen{by_flag ? fmt::format("{} (in place of {}): {}", flag, key, error.what())
                               : fmt::format("{}: {}", key, error.what())};
  }
}

/// As many connections as the limit of open files has room for.
[[nodiscard]] admin::AdminLimits admin_limits(std::size_t threads) {
  admin::AdminLimits limits;
  limits.connections =
      std::min(limits.connections, gateway::admin_connections(gateway::limit_of_open_files(), threads));
  limits.events_clients = std::min(limits.events_clients, limits.connections / 2);
  return limits;
}

}  // namespace

Server::Server(ServeFlags flags, config::Config config, spdlog::logger& log)
    : listen_(config.gateway.listen),
      admin_address_(config.gateway.admin),
      log_(log),
      policies_({std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, std::random_device{}()),
      gateway_(
          listening("gateway.listen", "--listen", flags.listen.has_value(),
                    [&] { return std::make_shared<gateway::Gateway>(config, policies_, durations_, log); })),
      config_(flags, config, *gateway_, log),
      admin_(listening("gateway.admin", "--admin", flags.admin.has_value(),
                       [&] { return make_admin(config.gateway); })) {
  registry_.events().subscribe(transitions_);
  registry_.events().subscribe(std::make_shared<BreakerLog>(log));
}

std::unique_ptr<admin::AdminServer> Server::make_admin(const config::GatewayOptions& options) {
  return std::make_unique<admin::AdminServer>(
      admin::AdminOptions{
          options.admin, options.admin_token, options.admin_origins, admin_limits(options.threads), {}},
      admin::AdminSources{registry_, *transitions_, durations_, {gateway_}},
      admin::AdminCallbacks{[this] { return config_.reload(); }, [this] { return ready_.load(); },
                            [this] { return config_.policies(); }, [this] { return gateway_->status(); },
                            [this](const admin::CommandRecord& record) {
                              admin_log_.command(record, std::chrono::steady_clock::now());
                            },
                            [this](std::string_view client) {
                              admin_log_.slow_client(client, std::chrono::steady_clock::now());
                            }});
}

void Server::run() {
  gateway_->start();
  admin_->start();
  ready_ = true;
  std::printf("switchgear serves %s  admin %s/dashboard\n", url_of(listen_, gateway_->port()).c_str(),
              url_of(admin_address_, admin_->port()).c_str());
  std::fflush(stdout);
  signals_.listen();
  look_every_second();
  main_.run();
  admin_->stop();
}

void Server::on_signal(int signal) {
  if (signal == SIGHUP) {
    config_.reload();
  } else if (!drain_.begun()) {
    begin_drain();
  } else {
    drain_.hurry();
  }
}

void Server::begin_drain() {
  ready_ = false;
  second_.cancel();
  drain_.begin(config_.close(), [this] { boost::asio::post(main_, [this] { main_.stop(); }); });
}

void Server::look_every_second() {
  second_.expires_after(a_second);
  second_.async_wait([this](const boost::system::error_code& error) {
    if (error || !ready_) return;
    config_.reload_if_file_changed();
    admin_log_.look_at_clock(std::chrono::steady_clock::now());
    look_every_second();
  });
}

}  // namespace switchgear::serve
