#include "app/control/admin_errors.hpp"

#include <fmt/format.h>

#include <exception>
#include <stdexcept>

#include "app/control/json_fields.hpp"
#include "app/control/terminal_text.hpp"
#include "app/shell/output.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::control {

namespace {

/// A 404 may also be of an address that is not an admin server's, or serves health probes alone.
bool is_about_a_breaker(const ControlReply& reply) {
  const auto* const problem = reply.body.if_object();
  return reply.status == 404 && problem != nullptr &&
         (problem->contains("circuit") || problem->contains("name"));
}

}  // namespace

int complain(const AdminServer& server, Access access, const std::string& name, const ControlReply& reply) {
  const std::string& url = server.url;
  if (reply.status == 0) {
    shell::complain(fmt::format("no admin server at {}: {}", url, reply.error));
    return not_reached;
  }
  if (reply.status >= 200 && reply.status < 300) throw NotAdminApi{};
  std::string detail = reply.error;
  if (const auto* problem = reply.body.if_object()) detail = text_of(*problem, "detail");
  if (!name.empty() && is_about_a_breaker(reply)) {
    shell::complain(fmt::format("circuit breaker '{}' does not exist at {}", printable(name), url));
  } else if (reply.status == 401) {
    shell::complain(fmt::format("{} {}", url, token_problem(server, access)));
  } else {
    shell::complain(fmt::format("{} answered {}: {}", url, reply.status, printable(detail)));
  }
  return input_is_wrong;
}

int with_errors_said(const std::string& url, const std::function<int()>& ask) {
  try {
    return ask();
  } catch (const http::Error& error) {
    shell::complain(fmt::format("--admin: {}", error.what()));
    return usage;
  } catch (const std::invalid_argument& error) {
    shell::complain(told(error));
    return usage;
  } catch (const std::exception&) {  // of the JSON document, whose text says nothing to an operator
    shell::complain(url + " did not answer as an admin API does");
    return not_reached;
  }
}

}  // namespace switchgear::control
