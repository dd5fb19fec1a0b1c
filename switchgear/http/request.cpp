#include "switchgear/http/request.hpp"

#include <boost/json/serialize.hpp>

#include "switchgear/http/response.hpp"

namespace switchgear::http {

Request& Request::query(std::string_view name, std::string_view value) & {
  query_.emplace_back(name, value);
  return *this;
}

Request& Request::header(std::string_view name, std::string_view value) & {
  headers_.set(name, value);
  return *this;
}

Request& Request::body(std::string content, std::string_view type) & {
  headers_.set("Content-Type", type);
  body_ = std::make_shared<const std::string>(std::move(content));
  return *this;
}

Request& Request::json(const boost::json::value& content) & {
  return body(boost::json::serialize(content), "application/json");
}

Request& Request::timeout(Duration limit) & {
  timeout_ = limit;
  return *this;
}

Request& Request::deadline(TimePoint callers) & {
  deadline_ = callers;
  return *this;
}

Request& Request::in_class(RequestClass which) & {
  class_ = which;
  return *this;
}

Request& Request::key(std::string known_as) & {
  key_ = std::move(known_as);
  return *this;
}

Request& Request::repeatable(Repeatable which) & {
  repeatable_ = which;
  return *this;
}

Request& Request::redirects(unsigned most) & {
  redirects_ = most;
  return *this;
}

Request& Request::fallback(Response answer) & {
  fallback_ = std::make_shared<const Response>(std::move(answer));
  return *this;
}

Request&& Request::fallback(Response answer) && { return std::move(fallback(std::move(answer))); }

}  // namespace switchgear::http
