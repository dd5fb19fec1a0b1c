// A stand-in for a mail server: takes every mail, and forgets it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace switchgear::shop {

/// For a StandInServer: one connection, until it ends.
[[nodiscard]] boost::asio::awaitable<void> serve_mail(boost::asio::ip::tcp::socket socket);

}  // namespace switchgear::shop
