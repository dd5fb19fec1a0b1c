// An HTTP server that is not an admin server, and answers whatever a test says.
#pragma once

#include <atomic>
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace switchgear::control {

/// One request after another, each on a connection of its own, whatever its path.
class OtherServer {
 public:
  OtherServer() : thread_([this] { serve(); }) {}
  OtherServer(const OtherServer&) = delete;
  OtherServer& operator=(const OtherServer&) = delete;
  ~OtherServer() {
    ends_ = true;
    tcp::socket last{io_};
    boost::system::error_code ignored;
    last.connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  /// From the next request on.
  void answer(std::string body, std::string type = "application/json") {
    const std::lock_guard lock{mutex_};
    body_ = std::move(body);
    type_ = std::move(type);
  }

 private:
  using tcp = boost::asio::ip::tcp;

  void serve() {
    for (;;) {
      tcp::socket socket{io_};
      boost::system::error_code failed;
      acceptor_.accept(socket, failed);
      if (ends_) return;
      std::string request;
      boost::asio::read_until(socket, boost::asio::dynamic_buffer(request), "\r\n\r\n", failed);
      if (!failed) boost::asio::write(socket, boost::asio::buffer(response()), failed);
    }
  }
  std::string response() {
    const std::lock_guard lock{mutex_};
    return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: " + type_ +
           "\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n\r\n" + body_;
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::atomic<bool> ends_{false};
  std::mutex mutex_;
  std::string body_;
  std::string type_ = "application/json";
  std::thread thread_;
};

}  // namespace switchgear::control
