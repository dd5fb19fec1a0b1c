#include "app/alert/channel/http_channel.hpp"

#include <fmt/format.h>

#include <exception>
#include <string_view>
#include <utility>

#include "switchgear/core/rejected.hpp"

namespace switchgear::alert {

namespace {

[[nodiscard]] http::ClientOptions client_options(const std::string& token, const ChannelOptions& options) {
  http::ClientOptions client;
  client.max_body = std::size_t{64} * 1024;
  client.pool.max = 1;
  client.tls.ca_file = options.ca_file;
  client.headers.set("User-Agent", "switchgear-alerts");
  if (!token.empty()) client.headers.set("Authorization", "Bearer " + token);
  return client;
}

/// Never with what() of an exception: it may name more of the URL than its host.
[[nodiscard]] std::string problem_of(const std::exception_ptr& failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const Rejected&) {
    return "no answer in time";
  } catch (const http::Error& error) {
    return error.code().message();
  } catch (const std::exception&) {
    return "the request could not be made";
  }
}

/// Of the response whose content could not be read; 0: there was none.
[[nodiscard]] unsigned status_of(const std::exception_ptr& failed) {
  try {
    std::rethrow_exception(failed);
  } catch (const http::Error& error) {
    return error.status();
  } catch (const std::exception&) {
    return 0;
  }
}

[[nodiscard]] Delivery judged(const std::exception_ptr& failed) {
  // What the receiver says beside a status of success does not matter, however long it is.
  if (status_of(failed) / 100 == 2) return {};
  return {Delivery::End::failed, std::nullopt, problem_of(failed)};
}

/// An answer may repeat the URL, which is a secret. A single word, as Slack answers with, does not.
[[nodiscard]] bool is_a_word(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 40 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

[[nodiscard]] Delivery judged(const http::Response& answer) {
  if (answer.ok()) return {};
  Delivery delivery{Delivery::End::failed, answer.retry_after(), fmt::format("status {}", answer.status)};
  if (is_a_word(answer.body)) delivery.problem += ": " + answer.body;
  if (answer.status == 429) delivery.end = Delivery::End::busy;
  for (const unsigned status : {400U, 413U, 414U, 422U}) {
    if (answer.status == status) delivery.end = Delivery::End::refused;
  }
  return delivery;
}

}  // namespace

HttpChannel::HttpChannel(boost::asio::io_context& loop, const std::string& url, const std::string& token,
                         const ChannelOptions& options, Body body)
    : target_(http::Url::parse(url).target()),
      timeout_(options.timeout),
      body_(std::move(body)),
      client_(loop.get_executor(), http::Url::parse(url).origin(), client_options(token, options)) {}

void HttpChannel::deliver(const Message& message, Done done) {
  http::Request request{target_};
  request.body(body_(message), "application/json");
  request.header("Idempotency-Key", message.id);
  request.timeout(timeout_);
  client_.post(std::move(request), [here = std::weak_ptr{here_}, done = std::move(done)](
                                       const std::exception_ptr& failed, const http::Response& answer) {
    if (here.expired()) return;
    done(failed ? judged(failed) : judged(answer));
  });
}

}  // namespace switchgear::alert
