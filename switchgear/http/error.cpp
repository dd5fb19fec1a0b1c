#include "switchgear/http/error.hpp"

#include <utility>

namespace switchgear::http {

namespace {

class HttpCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "switchgear.http"; }
  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::bad_url:
        return "the URL cannot be called";
      case Errc::unresolved:
        return "the name of the server is not known";
      case Errc::closed:
        return "the server closed the connection before it had answered";
      case Errc::kept_closed:
        return "the server closed a kept connection as the request was sent; it may have the request";
      case Errc::truncated:
        return "the server broke off its answer";
      case Errc::malformed:
        return "the answer is malformed";
      case Errc::head_too_large:
        return "the head of the answer is larger than max_head";
      case Errc::body_too_large:
        return "the body of the answer is larger than max_body";
      case Errc::bad_coding:
        return "the answer says gzip, and its content is not";
      case Errc::bad_redirect:
        return "the redirect cannot be followed";
      case Errc::too_many_redirects:
        return "there were more redirects than the request allows";
      case Errc::pool_full:
        return "too many requests wait for a connection";
      case Errc::tls:
        return "the server and the client did not agree on a secure connection";
      case Errc::not_json:
        return "the answer is not JSON";
    }
    return "unknown";
  }
};

}  // namespace

const std::error_category& http_category() noexcept {
  static const HttpCategory category;
  return category;
}

Error::Error(std::error_code code, std::string text, unsigned status)
    : std::system_error(code), text_(std::move(text)), status_(status) {}

}  // namespace switchgear::http
