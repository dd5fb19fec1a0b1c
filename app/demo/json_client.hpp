// The demo's own questions: JSON in, JSON out, over one kept loopback connection, a deadline on every answer.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

namespace switchgear::http {
class BlockingClient;
class Request;
}  // namespace switchgear::http

namespace switchgear::demo {

/// A question that got no answer, or not the answer of a program that is well.
struct NoAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Threads: any.
class JsonClient {
 public:
  /// Connects with the first question, to loopback at `port`. `who` stands for the other side in messages.
  JsonClient(std::string who, std::uint16_t port);
  JsonClient(const JsonClient&) = delete;
  JsonClient& operator=(const JsonClient&) = delete;
  ~JsonClient();

  /// Both throw NoAnswer unless a 2xx with a JSON object comes back within two seconds.
  [[nodiscard]] boost::json::object get(const std::string& target);
  boost::json::object post(const std::string& target, const boost::json::object& body);

 private:
  boost::json::object ask(std::string method, const http::Request& question);

  std::string who_;
  std::unique_ptr<http::BlockingClient> client_;
};

}  // namespace switchgear::demo
