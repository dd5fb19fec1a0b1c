#include "switchgear/postgres/blocking_client.hpp"

namespace switchgear::postgres {

namespace asio = boost::asio;

Rows BlockingClient::fetch(Statement statement) {
  return client_.fetch(std::move(statement), asio::use_future).get();
}

std::uint64_t BlockingClient::execute(Statement statement) {
  return client_.execute(std::move(statement), asio::use_future).get();
}

std::vector<Rows> BlockingClient::run(Batch batch) {
  return client_.run(std::move(batch), asio::use_future).get();
}

}  // namespace switchgear::postgres
