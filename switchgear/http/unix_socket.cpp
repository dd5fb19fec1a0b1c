#include "switchgear/http/unix_socket.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <string>

namespace switchgear::http {

boost::asio::generic::stream_protocol::endpoint unix_address(std::string_view host) {
  std::string path(host.substr(unix_scheme.size()));
  if (path.front() == '@') path.front() = '\0';  // an abstract name
  return boost::asio::local::stream_protocol::endpoint{path};
}

}  // namespace switchgear::http
