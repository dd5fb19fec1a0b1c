// One request of the client: what to ask, and how to ask it.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "switchgear/core/time.hpp"
#include "switchgear/http/headers.hpp"
#include "switchgear/http/url.hpp"
#include "switchgear/pipeline/call.hpp"

namespace switchgear::http {

struct Response;

/// How long requests take that share connections: each class has pools of its own, so that a batch cannot
/// take the connections that short requests need. Their lengths are those of switchgear::time_classes.
enum class RequestClass : std::uint8_t { health_check, standard, long_running, batch };

/// A path below the client's base URL, or an absolute URL; the rest has defaults:
///
///     client.get("/users/7");
///     client.get(Request{"/search"}.query("q", "apples & pears").timeout(2s));
///     client.post(Request{"/orders"}.json({{"sku", "apples"}}).header("Idempotency-Key", id));
///
/// Reusable, and cheap to copy: copies share the body. Functions throw std::invalid_argument for a header
/// that cannot be sent (see Headers). Threads: one.
class Request {
 public:
  Request(std::string target) : target_(std::move(target)) {}         // NOLINT: meant to convert
  Request(const char* target) : target_(target) {}                    // NOLINT: meant to convert
  Request(std::string_view target) : target_(std::string(target)) {}  // NOLINT: meant to convert

  /// Encoded, and appended to what the target has already.
  Request& query(std::string_view name, std::string_view value) &;
  /// Replaces the client's own header of that name.
  Request& header(std::string_view name, std::string_view value) &;
  /// `type`: its Content-Type.
  Request& body(std::string content, std::string_view type) &;
  Request& json(const boost::json::value& content) &;

  /// Of the whole call, its retries and waits included. Default: the length of its class. When it is over,
  /// that is a failure.
  Request& timeout(Duration limit) &;
  /// When the caller that this program serves stops waiting. If that is before `timeout` ends, it says
  /// nothing about the service: breakers ignore it.
  Request& deadline(TimePoint callers) &;
  Request& in_class(RequestClass which) &;
  /// What caches and cached fallbacks know the answer by. Default: the URL of a GET that has no body and is
  /// sent without credentials, conditions, Range, a header that overrides the method and an Accept of its
  /// own, and with it the client's own Accept headers, a line for each; no key for all others. An empty one:
  /// never remembered.
  Request& key(std::string known_as) &;
  /// Whether to make the request twice may do harm. Default: only the idempotent methods are repeated
  /// (RFC 9110, 9.2.2) that no header overrides, and any that carries an Idempotency-Key.
  Request& repeatable(Repeatable which) &;
  /// How many redirects are followed. Default: ClientOptions::redirects.
  Request& redirects(unsigned most) &;
  /// Given in place of a refusal or a final failure: an answer with an error status that counts as a failure
  /// is one, a 404 is not. A fallback among the client's policies is asked first.
  Request& fallback(Response answer) &;

  Request&& query(std::string_view name, std::string_view value) && { return std::move(query(name, value)); }
  Request&& header(std::string_view name, std::string_view value) && {
    return std::move(header(name, value));
  }
  Request&& body(std::string content, std::string_view type) && {
    return std::move(body(std::move(content), type));
  }
  Request&& json(const boost::json::value& content) && { return std::move(json(content)); }
  Request&& timeout(Duration limit) && { return std::move(timeout(limit)); }
  Request&& deadline(TimePoint callers) && { return std::move(deadline(callers)); }
  Request&& in_class(RequestClass which) && { return std::move(in_class(which)); }
  Request&& key(std::string known_as) && { return std::move(key(std::move(known_as))); }
  Request&& repeatable(Repeatable which) && { return std::move(repeatable(which)); }
  Request&& redirects(unsigned most) && { return std::move(redirects(most)); }
  Request&& fallback(Response answer) &&;

  /// What was asked for, for the client and for tests.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  [[nodiscard]] const Query& query() const noexcept { return query_; }
  [[nodiscard]] const Headers& headers() const noexcept { return headers_; }
  [[nodiscard]] const std::shared_ptr<const std::string>& body() const noexcept { return body_; }
  [[nodiscard]] std::optional<Duration> timeout() const noexcept { return timeout_; }
  [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }  ///< max(): none
  [[nodiscard]] RequestClass request_class() const noexcept { return class_; }
  [[nodiscard]] const std::optional<std::string>& key() const noexcept { return key_; }
  [[nodiscard]] std::optional<Repeatable> repeatable() const noexcept { return repeatable_; }
  [[nodiscard]] std::optional<unsigned> redirects() const noexcept { return redirects_; }
  [[nodiscard]] const std::shared_ptr<const Response>& fallback() const noexcept { return fallback_; }

 private:
  std::string target_;
  Query query_;
  Headers headers_;
  std::shared_ptr<const std::string> body_;  ///< null: none
  std::optional<Duration> timeout_;
  TimePoint deadline_ = TimePoint::max();
  RequestClass class_ = RequestClass::standard;
  std::optional<std::string> key_;
  std::optional<Repeatable> repeatable_;
  std::optional<unsigned> redirects_;
  std::shared_ptr<const Response> fallback_;
};

}  // namespace switchgear::http
