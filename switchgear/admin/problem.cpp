#include <boost/beast/http/field.hpp>
#include <boost/beast/http/status.hpp>

#include "switchgear/admin/api.hpp"
#include "switchgear/admin/json_text.hpp"

namespace switchgear::admin {
namespace http = boost::beast::http;

void harden(Response& response) {
  response.set(http::field::server, "switchgear");
  response.set("Content-Security-Policy",
               "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
               "base-uri 'none'; frame-ancestors 'none'; form-action 'none'");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (response.find(http::field::cache_control) == response.end()) {
    response.set(http::field::cache_control, "no-store");
  }
}

Response problem(http::status status, std::string_view detail, boost::json::object members) {
  boost::json::object document{{"type", "about:blank"},
                               {"title", std::string_view{http::obsolete_reason(status)}},
                               {"status", static_cast<unsigned>(status)},
                               {"detail", detail}};
  for (auto& [key, value] : members) document[key] = std::move(value);
  Response response{status, 11};
  response.set(http::field::content_type, "application/problem+json");
  response.body() = json_text(document) + "\n";
  return response;
}

Response json_response(http::status status, const boost::json::value& value) {
  Response response{status, 11};
  response.set(http::field::content_type, "application/json");
  response.body() = json_text(value) + "\n";
  return response;
}

}  // namespace switchgear::admin
