// The HTTP client, for calls of your own to a service.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/value.hpp>
#include <concepts>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/http/client/guarded_request.hpp"
#include "switchgear/http/client/response_stream.hpp"
#include "switchgear/http/client_options.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/request.hpp"
#include "switchgear/http/response.hpp"
#include "switchgear/pipeline/pipeline.hpp"

namespace switchgear::http {

/// Not a value for a body.
template <class Token>
concept ResponseToken = !std::convertible_to<Token, boost::json::value>;

/// Requests to one service, with policies around each of them. Connections are kept and pooled.
///
///     CircuitBreaker breaker{"users", {.consecutive_failures = 5}};
///     Retry retry{"users", {.max_attempts = 3}};
///     auto last = Fallback<http::Response>::cached("users");
///     http::Client users{io.get_executor(), "http://users:8080/v1", Pipeline{last, retry, breaker}};
///
///     const http::Response answer = co_await users.get("/users/7");      // awaited
///     if (answer.status == 404) …                                        // an answer, not a failure
///     users.get("/users/7", [](std::exception_ptr failed, http::Response answer) { … });   // callback
///
/// What a request completes with: a Response of any status; or an exception, which is a Rejected when a
/// policy refused or the time was over, and an http::Error when no answer came. A 5xx is an answer too:
/// policies count it as a failure and repeat it, and the caller gets the last one.
///
/// Executor: requests run on `executor`, which must not run two things at once (an io_context of one thread,
/// or a strand). Start them from any thread; each handler runs on its own executor, or on the client's.
///
/// Cancellation: by the handler's slot; the connection in use is closed. When the last awaiting coroutine is
/// cancelled, no more than the opening of a connection and the lookup of a name go on.
///
/// Idle connections keep no timer and no read pending, so io_context::run() returns when the last request has
/// ended, and with it the lookups of names: one that was begun beside a request may take longer than the
/// request, for as long as the resolver takes. Stale connections are found at the next use. A server that has
/// closed one between two requests costs a new connection; one that closes it as a request is sent also costs
/// a request that must not be repeated, such as a POST, which ends with Errc::kept_closed. A program that
/// stays idle for long can call close_idle() now and then.
///
/// Lifetime: the policies outlive the requests; the client need not, but the executor's context must.
/// Not for: sending bodies piece by piece, HTTP/2, proxies, cookies. For code that blocks:
/// blocking_client.hpp.
class Client {
 public:
  /// Throws http::Error for a base URL that cannot be called, and std::invalid_argument for options or
  /// headers that cannot be used; the text says what was found and what to write instead.
  Client(const boost::asio::any_io_executor& executor, std::string_view base_url, ClientOptions options = {})
      : Client(executor, base_url, Pipeline{}, std::move(options)) {}
  template <PipelineLike P>
  Client(const boost::asio::any_io_executor& executor, std::string_view base_url, const P& pipeline,
         ClientOptions options = {})
      : core_(std::make_shared<ClientCore>(executor, base_url, std::move(options))),
        guard_(std::make_shared<PipelineGuard<P>>(pipeline, core_->options().failures)) {}
  /// With a single policy.
  template <switchgear::detail::HasLayer Policy>
  Client(const boost::asio::any_io_executor& executor, std::string_view base_url, Policy& policy,
         ClientOptions options = {})
      : Client(executor, base_url, Pipeline{policy}, std::move(options)) {}
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  /// Any method. All others are this one with a method of their own.
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto request(std::string method, Request request, Token&& token = Token()) {
    return boost::asio::async_initiate<Token, void(std::exception_ptr, Response)>(
        Initiate{core_, guard_}, token, std::move(method), std::move(request));
  }

  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto get(Request request, Token&& token = Token()) {
    return this->request("GET", std::move(request), std::forward<Token>(token));
  }
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto del(Request request, Token&& token = Token()) {
    return this->request("DELETE", std::move(request), std::forward<Token>(token));
  }
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto post(Request request, Token&& token = Token()) {
    return this->request("POST", std::move(request), std::forward<Token>(token));
  }
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto put(Request request, Token&& token = Token()) {
    return this->request("PUT", std::move(request), std::forward<Token>(token));
  }
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto patch(Request request, Token&& token = Token()) {
    return this->request("PATCH", std::move(request), std::forward<Token>(token));
  }

  /// The same with a body of JSON.
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto post(Request request, const boost::json::value& body, Token&& token = Token()) {
    return post(std::move(request.json(body)), std::forward<Token>(token));
  }
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto put(Request request, const boost::json::value& body, Token&& token = Token()) {
    return put(std::move(request.json(body)), std::forward<Token>(token));
  }
  template <ResponseToken Token = boost::asio::use_awaitable_t<>>
  auto patch(Request request, const boost::json::value& body, Token&& token = Token()) {
    return patch(std::move(request.json(body)), std::forward<Token>(token));
  }

  /// For an answer that lasts, such as server-sent events: its head, as soon as it is there, and its body as
  /// it comes. None of the client's policies is asked, no redirect is followed, and no time limit applies:
  /// the caller has its own, and cancels. The body is not decoded: say `Accept-Encoding: identity`. Threads:
  /// the executor's.
  [[nodiscard]] boost::asio::awaitable<ResponseStream> open(std::string method, Request request);

  /// Each pool's connections and waiting requests. Threads: any.
  [[nodiscard]] std::vector<PoolFigures> pools() const { return core_->figures(); }

  /// Closes idle connections that are stale: idle too long, too old, closed by the server. Threads: any; it
  /// happens on the executor, soon.
  void close_idle();

  [[nodiscard]] const boost::asio::any_io_executor& get_executor() const noexcept {
    return core_->executor();
  }

 private:
  struct Initiate {
    std::shared_ptr<ClientCore> core;
    std::shared_ptr<RequestGuard> guard;

    template <class Handler>
    void operator()(Handler&& handler, std::string method, Request request) const {
      begin(core, *guard, std::move(method), std::move(request),
            ResponseHandler(std::forward<Handler>(handler), core->executor()));
    }
  };
  /// A request that cannot be made completes with the reason, like any other.
  static void begin(const std::shared_ptr<ClientCore>& core, RequestGuard& guard, std::string method,
                    Request request, ResponseHandler handler);

  std::shared_ptr<ClientCore> core_;
  std::shared_ptr<RequestGuard> guard_;
};

}  // namespace switchgear::http
