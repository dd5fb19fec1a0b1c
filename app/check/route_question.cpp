#include "app/check/route_question.hpp"

#include <algorithm>
#include <string_view>

#include "app/check/route_report.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/report.hpp"
#include "switchgear/config/router.hpp"
#include "switchgear/config/sent_path.hpp"
#include "switchgear/config/target_path.hpp"
#include "switchgear/core/utf8.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::check {

namespace {

RouteAnswer refused(unsigned status, std::string_view detail) {
  RouteAnswer answer;
  answer.status = status;
  answer.detail = detail;
  return answer;
}

/// As a client would send it. A target without a host is what HTTP/1.0 allows.
std::string head_of(const RouteQuestion& question) {
  const std::string_view request = question.request;
  const std::string_view target = request.substr(std::min(request.find(' '), request.size()));
  std::string head(request);
  if (const std::size_t scheme = target.find("://"); scheme != target.npos) {
    const std::string_view rest = target.substr(scheme + 3);
    head.append(" HTTP/1.1\r\nHost: ").append(rest.substr(0, rest.find_first_of("/?")));
  } else {
    head += " HTTP/1.0";
  }
  for (const std::string& header : question.headers) head.append("\r\n").append(header);
  return head.append("\r\n\r\n");
}

RouteAnswer route(const http::Head& head, const http::FieldList& fields, const config::Config& config) {
  if (head.method == "CONNECT" || head.method == "TRACE") return refused(405, "this method is not served");
  if (head.form == http::TargetForm::asterisk) return refused(200, "the gateway answers it by itself");
  const config::TargetPath path{head.path};
  if (!path.valid()) return refused(400, "the path is malformed");
  const config::Router router{config.services};
  const config::FieldsOf lines{fields};
  const config::RoutedRequest request{head.method, head.authority, path.view(), lines};
  const config::Router::Target* found = router.find(request);
  if (found == nullptr) return refused(404, to_string(router.why_not(request)));
  std::string sent{head.path};
  if (found->route.changes_path()) config::write_sent_path(sent, found->route, head.path, path);
  const config::Service& service = config.services.at(found->service_name);
  const config::Upstream& first = service.upstreams.front();
  std::string to = (first.tls ? "https://" : "http://") + config::text_of(first.at);
  if (config::is_unix(first.at)) to = config::text_of(first.at) + ":";  // the path is behind it
  return {.detail = {},
          .service = service.name,
          .number = found->number,
          .route = text_of(found->route),
          .policy = found->route.policy.empty() ? service.policy : found->route.policy,
          .sent = std::string{head.method}.append(" ").append(to) + service.base_path + sent};
}

}  // namespace

RouteAnswer answer_of(const RouteQuestion& question, const config::Config& config) {
  bool one_line = !http::has_control(question.request);
  for (const std::string& header : question.headers) one_line = one_line && !http::has_control(header);
  if (!one_line) return refused(400, "the request holds a control character");
  const std::string head = head_of(question);
  const config::GatewayLimits& limits = config.gateway.limits;
  http::HeadValidator validator{http::HeadKind::request,
                                {limits.header_bytes, limits.header_fields, limits.target_bytes}};
  if (validator.advance(head) != http::HeadValidator::Progress::complete)
    return refused(http::status_of(validator.error()), to_string(validator.error()));
  http::FieldList fields;
  if (!fields.parse_request(head, validator.head()))
    return refused(400, to_string(http::HeadError::parsers_disagree));
  return route(validator.head(), fields, config);
}

std::string to_text(const RouteQuestion& question, const RouteAnswer& answer) {
  std::string text = "\n" + config::printable(question.request) + "\n";
  if (!answer.found())
    return text + "  reaches no service: the gateway answers " + std::to_string(answer.status) + " (" +
           answer.detail + ")\n";
  return text + "  service  " + config::printable(answer.service) + "\n  route    routes[" +
         std::to_string(answer.number) + "]: " + answer.route + "\n  policy   " +
         config::printable(answer.policy) + "\n  sent as  " + answer.sent + "\n";
}

boost::json::object to_json(const RouteAnswer& answer) {
  if (!answer.found()) return {{"service", nullptr}, {"status", answer.status}, {"detail", answer.detail}};
  return {{"service", as_utf8(answer.service)},
          {"number", answer.number},
          {"route", as_utf8(answer.route)},
          {"policy", as_utf8(answer.policy)},
          {"sent", answer.sent}};
}

}  // namespace switchgear::check
