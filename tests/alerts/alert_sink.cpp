#include "tests/alerts/alert_sink.hpp"

#include <boost/json/parse.hpp>
#include <utility>

#include "tests/gateway/gateway_process.hpp"

namespace switchgear::wire {

AlertSink::AlertSink(Answer answer, std::string body)
    : answer_(std::move(answer)),
      body_(std::move(body)),
      upstream_([this](Socket& socket) { serve(socket); }) {}

void AlertSink::serve(Socket& socket) {
  while (const auto request = socket.read_request()) {
    Post post{request->target(), request->field("idempotency-key"), {}};
    boost::system::error_code error;
    post.body = boost::json::parse(request->body, error);
    std::string answer;
    {
      const std::lock_guard lock{mutex_};
      posts_.push_back(post);
      answer = answer_(static_cast<int>(posts_.size()), post);
      if (answer.starts_with('2')) taken_.push_back(post);
    }
    if (answer.empty()) return socket.close();
    socket.send("HTTP/1.1 " + answer + "Content-Length: " + std::to_string(body_.size()) + "\r\n\r\n" +
                body_);
  }
}

std::vector<AlertSink::Post> AlertSink::posts() const {
  const std::lock_guard lock{mutex_};
  return posts_;
}

std::vector<AlertSink::Post> AlertSink::taken() const {
  const std::lock_guard lock{mutex_};
  return taken_;
}

bool AlertSink::takes(std::size_t count) const {
  return eventually([&] { return taken().size() >= count; });
}

}  // namespace switchgear::wire
