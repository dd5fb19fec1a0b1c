// A network between members and their Redis that can be cut: connections stay, and what is sent is
// lost; or slow, in both ways; or it keeps what the members send, also if they have given up the connection
// by then.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/redis/address.hpp"
#include "switchgear/redis/io_fixture.hpp"

namespace switchgear::redis {

class Relay {
 public:
  explicit Relay(std::uint16_t port) : server(port), acceptor_(io_.executor(), loopback(0)) {
    io_.on([this] { accept(); });
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;
  ~Relay() {
    io_.on([this] {
      acceptor_.close();
      holds_ = false;
      held_.clear();
    });
  }

  [[nodiscard]] Address address() const {
    Address address;
    address.host = "127.0.0.1";
    address.port = acceptor_.local_endpoint().port();
    return address;
  }

  /// Keeps what the members send from now on, until let_go().
  void hold() {
    io_.on([this] { holds_ = true; });
  }
  void let_go() {
    io_.on([this] {
      holds_ = false;
      for (auto& [pair, piece] : std::exchange(held_, {})) {
        boost::system::error_code error;
        boost::asio::write(pair->server, boost::asio::buffer(piece), error);
      }
    });
  }

  std::atomic<bool> cut = false;
  std::atomic<std::chrono::milliseconds> delay{};  ///< of each piece, in each way: one at a time
  std::atomic<std::uint16_t> server;               ///< where the next connections lead

 private:
  using tcp = boost::asio::ip::tcp;

  /// One way of one connection. Each keeps the pair of sockets alive.
  struct Pair {
    Pair(tcp::socket&& from, const boost::asio::any_io_executor& executor)
        : client(std::move(from)), server(executor) {}
    tcp::socket client, server;
    std::array<std::array<char, 4096>, 2> piece{};
  };

  static tcp::endpoint loopback(std::uint16_t port) {
    return {boost::asio::ip::address_v4::loopback(), port};
  }

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket client) {
      if (error) return;
      auto pair = std::make_shared<Pair>(std::move(client), io_.executor());
      pair->server.connect(loopback(server), error);
      if (!error) {
        carry(pair, pair->client, pair->server, 0);
        carry(pair, pair->server, pair->client, 1);
      }
      accept();
    });
  }

  void carry(const std::shared_ptr<Pair>& pair, tcp::socket& from, tcp::socket& to, std::size_t way) {
    from.async_read_some(boost::asio::buffer(pair->piece[way]),
                         [this, pair, &from, &to, way](boost::system::error_code error, std::size_t size) {
                           if (!error && delay.load().count() > 0)
                             return carry_later(pair, from, to, way, size);
                           if (!error && holds_ && way == 0) {
                             held_.emplace_back(pair, std::string(pair->piece[way].data(), size));
                           } else if (!error && !cut) {
                             boost::asio::write(to, boost::asio::buffer(pair->piece[way], size), error);
                           }
                           if (!error) return carry(pair, from, to, way);
                           pair->client.close(error);
                           if (!holds_) pair->server.close(error);  // else with what is held for it
                         });
  }

  void carry_later(const std::shared_ptr<Pair>& pair, tcp::socket& from, tcp::socket& to, std::size_t way,
                   std::size_t size) {
    auto timer = std::make_shared<boost::asio::steady_timer>(io_.executor(), delay.load());
    timer->async_wait([this, timer, pair, &from, &to, way, size](boost::system::error_code error) {
      if (!error) boost::asio::write(to, boost::asio::buffer(pair->piece[way], size), error);
      if (!error) return carry(pair, from, to, way);
      pair->client.close(error);
      pair->server.close(error);
    });
  }

  bool holds_ = false;
  IoThread io_;
  std::vector<std::pair<std::shared_ptr<Pair>, std::string>> held_;
  tcp::acceptor acceptor_;
};

}  // namespace switchgear::redis
