// The admin server, and the dashboard that it answers with.
#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <switchgear/admin/server.hpp>
#include <switchgear/registry/breaker_registry.hpp>

int main() {
  switchgear::BreakerRegistry registry{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()},
                                       1};
  switchgear::admin::Server server{registry, {.port = 0}};
  server.start();
  boost::asio::ip::tcp::iostream client{"127.0.0.1", std::to_string(server.port())};
  client << "GET /dashboard HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" << std::flush;
  std::string line;
  while (std::getline(client, line)) {
    if (line.find("Switchgear") != std::string::npos) return 0;
  }
  return 1;
}
