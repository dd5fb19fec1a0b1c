#include "switchgear/http/blocking_client.hpp"

namespace switchgear::http {

namespace asio = boost::asio;

Response BlockingClient::request(std::string method, Request request) {
  return client_.request(std::move(method), std::move(request), asio::use_future).get();
}

}  // namespace switchgear::http
