#include "app/gateway/connection/peer.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "switchgear/http/proxy_header.hpp"

namespace switchgear::gateway {

namespace {

[[nodiscard]] std::uint16_t local_port(int descriptor) noexcept {
  boost::asio::ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(descriptor, endpoint.data(), &size) != 0) return 0;
  const int family = endpoint.data()->sa_family;
  return family == AF_INET || family == AF_INET6 ? endpoint.port() : std::uint16_t{0};
}

}  // namespace

Peer::Peer(WorkerState& worker, int descriptor, std::string address)
    : worker_(worker), address_(std::move(address)), claims_(claims_of(address_)) {
  if (claims_ != Claims::passed_on) port_ = local_port(descriptor);
}

Claims Peer::claims_of(std::string_view address) const noexcept {
  if (!worker_.trust.proxies) return Claims::passed_on;
  if (address == unix_client) return worker_.trust.unix_peers ? Claims::believed : Claims::replaced;
  const auto ip = config::IpAddress::parse(address.substr(0, address.find('%')));  // without its zone
  return ip && worker_.trust.proxies->contains(*ip) ? Claims::believed : Claims::replaced;
}

Progress Peer::take_header(http::Stream& client) {
  http::RecordSpace& space = worker_.loop.record();
  static_assert(std::tuple_size_v<http::RecordSpace> >= http::most_proxy_header);
  const http::Transfer seen = client.look(space);
  if (seen.status == http::IoStatus::would_block) {
    client.watch_behind_unread();
    return Progress::wait;
  }
  if (seen.status != http::IoStatus::ok)
    return Progress::over;  // it only wanted to know whether it can connect
  http::ProxyHeader header;
  const http::ProxyRead read = http::read_proxy_header({space.data(), seen.size}, header);
  switch (read) {
    case http::ProxyRead::complete:
      client.skip({space.data(), header.size});
      ++worker_.proxies.headers;
      if (!header.addresses) return Progress::go;
      address_ = std::move(header.addresses->client);
      port_ = header.addresses->connected_port;
      claims_ = claims_of(address_);
      return Progress::go;
    case http::ProxyRead::need_more:
      if (client.peer_state() == http::IoStatus::would_block) {
        client.watch_behind_unread();
        return Progress::wait;
      }
      worker_.note_proxy_header(ProxyHeaderFault::incomplete, "it left in the middle of its PROXY header");
      return Progress::over;
    default:
      worker_.note_proxy_header(ProxyHeaderFault::malformed, to_string(read));
      return Progress::over;
  }
}

void Peer::note_late() {
  worker_.note_proxy_header(ProxyHeaderFault::late, "its PROXY header did not arrive in time");
}

}  // namespace switchgear::gateway
