#include "app/shop/smtp_stand_in.hpp"

#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <istream>
#include <string>
#include <utility>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t longest_line = 64 * 1024;

/// The reply to a command; 354 begins the mail's text.
std::string reply_to(const std::string& line) {
  if (line.starts_with("DATA")) return "354 end with a dot\r\n";
  if (line.starts_with("QUIT")) return "221 bye\r\n";
  return "250 ok\r\n";
}

}  // namespace

asio::awaitable<void> serve_mail(tcp::socket socket) {
  asio::streambuf buffer{longest_line};
  std::string reply = "220 the shop's stand-in\r\n";
  bool in_text = false;
  for (;;) {
    boost::system::error_code error;
    if (!reply.empty()) {
      const auto out = asio::buffer(reply);
      co_await asio::async_write(socket, out, asio::redirect_error(asio::use_awaitable, error));
    }
    if (error || reply.starts_with("221")) co_return;
    co_await asio::async_read_until(socket, buffer, "\r\n", asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    std::istream in{&buffer};
    std::string line;
    std::getline(in, line);
    reply.clear();
    if (in_text && line != ".\r") continue;
    reply = in_text ? "250 ok\r\n" : reply_to(line);
    in_text = reply.starts_with("354");
  }
}

}  // namespace switchgear::shop
