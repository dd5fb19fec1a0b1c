// The client for code that blocks.
#pragma once

#include <boost/asio/use_future.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/async/client_thread.hpp"
#include "switchgear/http/client.hpp"

namespace switchgear::http {

/// The same as Client, but each function returns the answer, and throws what an awaited request throws:
///
///     http::BlockingClient users{"http://users:8080/v1", Pipeline{last, retry, breaker}};
///     const http::Response answer = users.get("/users/7");
///
/// It has a thread of its own, which makes the requests; the caller's thread sleeps until its answer is
/// there, no longer than the request's timeout. Idle connections are closed when their time is over. Threads:
/// any, several at once. Lifetime: the policies outlive it, and it outlives its requests. Not for code that
/// runs on an executor: it would block it.
class BlockingClient {
 public:
  /// Throws as Client's constructor does.
  explicit BlockingClient(std::string_view base_url, ClientOptions options = {})
      : BlockingClient(base_url, Pipeline{}, std::move(options)) {}
  template <PipelineLike P>
  BlockingClient(std::string_view base_url, const P& pipeline, ClientOptions options = {})
      : thread_(), client_(thread_.executor(), base_url, pipeline, std::move(options)) {
    thread_.start([this] { client_.close_idle(); });
  }
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  BlockingClient(std::string_view base_url, Policy& policy, ClientOptions options = {})
      : BlockingClient(base_url, Pipeline{policy}, std::move(options)) {}
  BlockingClient(const BlockingClient&) = delete;
  BlockingClient& operator=(const BlockingClient&) = delete;
  ~BlockingClient() { thread_.stop(); }

  Response request(std::string method, Request request);
  Response get(Request request) { return this->request("GET", std::move(request)); }
  Response del(Request request) { return this->request("DELETE", std::move(request)); }
  Response post(Request request) { return this->request("POST", std::move(request)); }
  Response put(Request request) { return this->request("PUT", std::move(request)); }
  Response patch(Request request) { return this->request("PATCH", std::move(request)); }
  /// With a body of JSON.
  Response post(Request request, const boost::json::value& body) {
    return post(std::move(request.json(body)));
  }
  Response put(Request request, const boost::json::value& body) { return put(std::move(request.json(body))); }
  Response patch(Request request, const boost::json::value& body) {
    return patch(std::move(request.json(body)));
  }

  /// Each pool's connections and waiting requests.
  [[nodiscard]] std::vector<PoolFigures> pools() const { return client_.pools(); }

 private:
  switchgear::detail::ClientThread thread_;
  Client client_;
};

}  // namespace switchgear::http
