#include "switchgear/postgres/blocking_client.hpp"

#include <chrono>

namespace switchgear::postgres {

namespace asio = boost::asio;

BlockingClient::~BlockingClient() {
  io_.stop();
  thread_.join();
}

Rows BlockingClient::fetch(Statement statement) {
  return client_.fetch(std::move(statement), asio::use_future).get();
}

std::uint64_t BlockingClient::execute(Statement statement) {
  return client_.execute(std::move(statement), asio::use_future).get();
}

std::vector<Rows> BlockingClient::run(Batch batch) {
  return client_.run(std::move(batch), asio::use_future).get();
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

}  // namespace switchgear::postgres
