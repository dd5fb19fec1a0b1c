// A receiver of alerts that keeps what it is told, and answers as a test says.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "tests/gateway/upstream.hpp"

namespace switchgear::wire {

class AlertSink {
 public:
  struct Post {
    std::string target;
    std::string key;  ///< Idempotency-Key
    boost::json::value body;
  };
  /// The status and fields of the answer to the n-th POST, from 1: `200 OK\r\n`. Empty: the connection is
  /// closed without an answer.
  using Answer = std::function<std::string(int, const Post&)>;

  /// `body`: of every answer.
  explicit AlertSink(
      Answer answer = [](int, const Post&) { return "200 OK\r\n"; }, std::string body = "ok");

  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }
  [[nodiscard]] std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }
  /// All so far.
  [[nodiscard]] std::vector<Post> posts() const;
  /// Those that were answered with a 2xx.
  [[nodiscard]] std::vector<Post> taken() const;
  /// Waits until so many were answered with a 2xx; false when patience ends.
  [[nodiscard]] bool takes(std::size_t count) const;

 private:
  void serve(Socket& socket);

  Answer answer_;
  std::string body_;
  mutable std::mutex mutex_;
  std::vector<Post> posts_;
  std::vector<Post> taken_;
  Upstream upstream_;  // last: its threads use the others
};

}  // namespace switchgear::wire
