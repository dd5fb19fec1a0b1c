#include "app/control/control_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <boost/url/url_view.hpp>
#include <cstdint>
#include <optional>
#include <stdexcept>

namespace switchgear::admin {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using ControlRequest = http::request<http::empty_body>;
using ControlParser = http::response_parser<http::string_body>;

asio::awaitable<void> exchange(beast::tcp_stream& stream, const ControlTarget& target,
                               const ControlRequest& request, ControlParser& parser, error_code& failed) {
  auto token = asio::redirect_error(asio::use_awaitable, failed);
  tcp::resolver resolver{stream.get_executor()};
  const auto found = co_await resolver.async_resolve(target.host, target.port, token);
  if (failed) co_return;
  co_await stream.async_connect(found, token);
  if (failed) co_return;
  co_await http::async_write(stream, request, token);
  if (failed) co_return;
  beast::flat_buffer buffer;
  co_await http::async_read(stream, buffer, parser, token);
}

}  // namespace

ControlTarget ControlTarget::parse(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  const std::string shown = "'" + std::string{url} + "'";
  if (!parsed || parsed->host().empty())
    throw std::invalid_argument(shown + " is not a URL; write http://HOST:PORT");
  if (parsed->scheme() != "http") throw std::invalid_argument(shown + ": only http:// is spoken here");
  const std::string_view path{parsed->encoded_path().data(), parsed->encoded_path().size()};
  if (!path.empty() && path != "/") throw std::invalid_argument(shown + ": give host and port only");
  ControlTarget target{parsed->host_address(), std::string{parsed->port()}};
  if (target.port.empty()) target.port = "80";
  return target;
}

ControlReply control_request(const ControlTarget& target, std::string_view method, std::string_view path,
                             std::string_view token, Duration timeout) {
  ControlRequest request{http::string_to_verb(method), path, 11};
  const bool v6 = target.host.find(':') != std::string::npos;
  request.set(http::field::host, (v6 ? "[" + target.host + "]" : target.host) + ":" + target.port);
  request.set(http::field::user_agent, "switchgear");
  request.set(http::field::accept, "application/json");
  request.set(http::field::connection, "close");
  if (request.method() == http::verb::post) request.content_length(0);
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + std::string{token});

  asio::io_context context{1};
  beast::tcp_stream stream{context};
  stream.expires_after(timeout);
  ControlParser parser;
  parser.body_limit(std::uint64_t{64} * 1024 * 1024);
  error_code failed;
  asio::co_spawn(context, exchange(stream, target, request, parser, failed), asio::detached);
  context.run_for(timeout);  // the stream's own timeout does not cover name resolution
  ControlReply reply;
  if (!failed && !parser.is_done()) failed = beast::error::timeout;
  if (failed) {
    reply.error = failed.message();
    return reply;
  }
  reply.status = parser.get().result_int();
  error_code malformed;
  reply.body = boost::json::parse(parser.get().body(), malformed);
  if (malformed) {
    reply.body = nullptr;
    reply.error = "the answer is not JSON";
  }
  return reply;
}

std::string escaped_segment(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars);
}

}  // namespace switchgear::admin
