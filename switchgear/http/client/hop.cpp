#include "switchgear/http/client/hop.hpp"

#include <array>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include "switchgear/http/error.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::http {

namespace {

constexpr std::array<std::string_view, 9> clients_own{"Connection", "Content-Length",    "Expect",
                                                      "Keep-Alive", "Proxy-Connection",  "TE",
                                                      "Trailer",    "Transfer-Encoding", "Upgrade"};

[[nodiscard]] bool is_one_of(std::string_view method,
                             std::initializer_list<std::string_view> methods) noexcept {
  for (const std::string_view each : methods) {
    if (method == each) return true;
  }
  return false;
}

}  // namespace

bool is_safe(std::string_view method) noexcept {
  return is_one_of(method, {"GET", "HEAD", "OPTIONS", "TRACE"});
}

bool is_idempotent(std::string_view method) noexcept {
  return is_safe(method) || is_one_of(method, {"PUT", "DELETE"});
}

void refuse_framing_headers(const Headers& headers) {
  for (const std::string_view own : clients_own) {
    if (headers.has(own)) {
      throw std::invalid_argument("header '" + std::string(own) +
                                  "' belongs to the connection, and the client writes it; leave it out");
    }
  }
  if (const auto host = headers.get("Host"); host && !is_valid_authority(*host))
    throw std::invalid_argument("header 'Host': '" + std::string(*host) +
                                "' is not a host; write NAME[:PORT]");
}

Hop Hop::first(std::string method, const Request& request, const Url& url, const Url& base,
               const ClientOptions& options) {
  Hop hop{std::move(method), url, request.headers(), request.body()};
  const bool home = url.same_origin(base);
  // One that the client has several of is added as often.
  for (const auto& [name, value] : options.headers) {
    if (!request.headers().has(name) && (home || !is_credential(name))) hop.headers.add(name, value);
  }
  return hop;
}

std::optional<Hop> Hop::next(const Response& response) const {
  const bool redirects = response.status == 301 || response.status == 302 || response.status == 303 ||
                         response.status == 307 || response.status == 308;
  const auto location = response.headers.get("Location");
  if (!redirects || !location) return std::nullopt;
  const std::string refusal = url.origin() + ": the redirect to '" + std::string(*location) + "' ";
  std::optional<Url> there;
  try {
    there = url.follow(*location);
  } catch (const Error& bad) {
    throw Error(Errc::bad_redirect, refusal + "cannot be followed: " + bad.what());
  }
  if (url.tls() && !there->tls()) throw Error(Errc::bad_redirect, refusal + "leads from https to http");
  Hop hop{method, *there, headers, body};
  const bool becomes_get = (response.status == 303 && method != "HEAD") ||
                           ((response.status == 301 || response.status == 302) && method == "POST");
  if (becomes_get) {
    hop.method = "GET";
    hop.body.reset();
    for (const std::string_view name :
         {"Content-Type", "Content-Encoding", "Content-Language", "Content-Location", "Idempotency-Key"})
      hop.headers.erase(name);
  }
  if (!url.same_origin(*there)) {
    hop.headers.erase("Host");
    for (const std::string_view name : credentials) hop.headers.erase(name);
  }
  return hop;
}

Wire Hop::wire(const ClientOptions& options) const {
  Wire wire;
  wire.body = body;
  wire.origin = url.origin();
  wire.to_head = method == "HEAD";
  wire.decodes = !headers.has("Accept-Encoding");
  wire.max_head = options.max_head;
  wire.max_body = options.max_body;
  std::string& head = wire.head;
  head.append(method).append(" ").append(url.target()).append(" HTTP/1.1\r\n");
  const auto add = [&head](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  if (!headers.has("Host")) add("Host", url.authority());
  for (const auto& [name, value] : headers) add(name, value);
  if (!headers.has("User-Agent")) add("User-Agent", "switchgear");
  if (wire.decodes) add("Accept-Encoding", "gzip");
  const bool usually_has_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (body || usually_has_body) add("Content-Length", std::to_string(body ? body->size() : 0));
  head.append("\r\n");
  return wire;
}

}  // namespace switchgear::http
