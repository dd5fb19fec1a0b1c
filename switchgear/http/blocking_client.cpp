#include "switchgear/http/blocking_client.hpp"

#include <chrono>

namespace switchgear::http {

namespace asio = boost::asio;

BlockingClient::~BlockingClient() {
  io_.stop();
  thread_.join();
}

Response BlockingClient::request(std::string method, Request request) {
  return client_.request(std::move(method), std::move(request), asio::use_future).get();
}

void BlockingClient::start() {
  close_idle_later();
  thread_ = std::thread([this] { io_.run(); });
}

void BlockingClient::close_idle_later() {
  housekeeping_.expires_after(std::chrono::seconds{1});
  housekeeping_.async_wait([this](const boost::system::error_code& stopped) {
    if (stopped) return;
    client_.close_idle();
    close_idle_later();
  });
}

}  // namespace switchgear::http
