#include "app/control/admin_errors.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <stdexcept>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::control {

int complain(const std::string& url, const std::string& name, const ControlReply& reply) {
  if (reply.status == 0) {
    fmt::print(stderr, "no admin server at {}: {}\n", url, reply.error);
    return not_reached;
  }
  std::string detail = reply.error;
  if (const auto* problem = reply.body.if_object()) detail = text_of(*problem, "detail");
  if (reply.status == 404) {
    fmt::print(stderr, "circuit breaker '{}' does not exist at {}\n", printable(name), url);
  } else if (reply.status == 401) {
    fmt::print(stderr, "{} requires a token; give it with --token or SWITCHGEAR_ADMIN_TOKEN\n", url);
  } else {
    fmt::print(stderr, "{} answered {}: {}\n", url, reply.status, detail);
  }
  return input_is_wrong;
}

int with_errors_said(const std::string& url, const std::function<int()>& ask) {
  try {
    return ask();
  } catch (const http::Error& error) {
    fmt::print(stderr, "--admin: {}\n", error.what());
    return usage;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "{}\n", told(error));
    return usage;
  } catch (const std::exception&) {  // of the JSON document, whose text says nothing to an operator
    fmt::print(stderr, "{} did not answer as an admin API does\n", url);
    return not_reached;
  }
}

}  // namespace switchgear::control
