#include "switchgear/http/health/port_checks.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <memory>
#include <utility>

#include "switchgear/core/rejected.hpp"
#include "switchgear/http/address_book.hpp"
#include "switchgear/http/client.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/health/expectation.hpp"
#include "switchgear/http/unix_socket.hpp"

namespace switchgear::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using health::CheckEnd;
using health::CheckResult;

namespace {

[[nodiscard]] ClientOptions client_options(const std::optional<tls::Peer>& secured, Duration timeout,
                                           std::size_t longest) {
  ClientOptions options;
  if (secured) {
    options.tls.context = secured->context;
    options.tls.name = secured->name;
  }
  options.pool.max = 1;
  options.pool.idle_timeout = Duration{1};  // close_idle() then closes all that are idle
  options.pool.connect_timeout = timeout;
  options.max_body = longest;
  return options;
}

[[nodiscard]] Request request_of(const health::HttpCheck& check, Duration timeout) {
  Request request(check.path);
  request.in_class(RequestClass::health_check).timeout(timeout).header("Cache-Control", "no-cache");
  if (!check.host.empty()) request.header("Host", check.host);
  return request;
}

struct HttpProbe {
  HttpProbe(const asio::any_io_executor& executor, const CheckTarget& target, health::HttpCheck what,
            Duration timeout, AnswerCheck more)
      : check(std::move(what)),
        also(std::move(more)),
        client(executor,
               is_unix(target.host) ? target.host : (target.tls ? "https://" : "http://") + text_of(target),
               client_options(target.tls, timeout, also.longest)),
        request(request_of(check, timeout)) {}

  const health::HttpCheck check;
  const AnswerCheck also;
  Client client;
  const Request request;
};

/// An answer that is too long is as good as its status, if only that is looked at.
[[nodiscard]] CheckResult result_of(const HttpProbe& probe, const Error& error) {
  const health::HttpCheck& check = probe.check;
  if (error.code() == Errc::body_too_large && is_expected(check, error.status())) {
    if (check.json.empty() && !probe.also.judge) return {};
    return {CheckEnd::unexpected,
            "the answer is longer than " + std::to_string(probe.also.longest) + " bytes"};
  }
  if (error.status() != 0 && !is_expected(check, error.status()))
    return {CheckEnd::unexpected, "status " + std::to_string(error.status())};
  const bool broken = error.code() == Errc::malformed || error.code() == Errc::head_too_large ||
                      error.code() == Errc::bad_coding;
  return {broken ? CheckEnd::unexpected : CheckEnd::unreachable, error.what()};
}

asio::awaitable<CheckResult> ask(std::shared_ptr<HttpProbe> probe) {
  CheckResult result;
  try {
    std::string method = probe->check.method;
    Request request = probe->request;
    const Response response = co_await probe->client.request(std::move(method), std::move(request));
    result = judged(probe->check, response);
    if (result.good() && probe->also.judge) result = probe->also.judge(response);
  } catch (const Rejected&) {
    result = {CheckEnd::timeout, "no answer in time"};
  } catch (const Error& error) {
    result = result_of(*probe, error);
  }
  probe->client.close_idle();
  co_return result;
}

asio::awaitable<CheckResult> connect(asio::any_io_executor executor, std::shared_ptr<CheckTarget> target) {
  CheckResult result;
  try {
    if (is_unix(target->host)) {
      asio::generic::stream_protocol::socket socket(executor);
      const Address address = unix_address(target->host);
      co_await socket.async_connect(address, asio::use_awaitable);
      co_return result;
    }
    tcp::resolver resolver(executor);
    const std::string port = std::to_string(target->port);
    const auto found = co_await resolver.async_resolve(target->host, port, asio::use_awaitable);
    tcp::socket socket(executor);
    co_await asio::async_connect(socket, found, asio::use_awaitable);
  } catch (const boost::system::system_error& error) {
    result = {CheckEnd::unreachable, error.code().message()};
  }
  co_return result;
}

}  // namespace

std::string text_of(const CheckTarget& target) {
  if (is_unix(target.host)) return target.host;
  const bool bracketed = target.host.find(':') != std::string::npos;
  return (bracketed ? "[" + target.host + "]" : target.host) + ":" + std::to_string(target.port);
}

CheckFunction port_check(const asio::any_io_executor& executor, const CheckTarget& target,
                         const health::CheckOptions& options, AnswerCheck also) {
  auto checked = std::make_shared<CheckTarget>(target);
  if (options.port) checked->port = *options.port;
  if (const auto* http = std::get_if<health::HttpCheck>(&options.how)) {
    if (http->plain) checked->tls.reset();
    auto probe =
        std::make_shared<HttpProbe>(executor, *checked, *http, options.watch.timeout, std::move(also));
    return [probe] { return ask(probe); };
  }
  return [executor, checked] { return connect(executor, checked); };
}

}  // namespace switchgear::http
