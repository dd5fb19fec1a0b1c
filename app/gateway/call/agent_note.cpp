#include "app/gateway/call/agent_note.hpp"

#include <utility>
#include <vector>

#include "app/gateway/heads/event_stream.hpp"
#include "app/gateway/heads/forwarding.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/task_state.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/config/target_path.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::gateway {

namespace {

[[nodiscard]] std::string_view without_query(std::string_view path) noexcept {
  return path.substr(0, path.find('?'));
}

/// `http://planner:9000`; as cards are compared with it.
void add_origin(std::vector<std::string>& all, const std::string& text) {
  try {
    all.push_back(http::Url::parse(text).origin());
  } catch (const http::Error&) {  // NOLINT(bugprone-empty-catch): a Unix socket, which no card names
  }
}

[[nodiscard]] a2a::FailureClassifier rules_of(const config::AgentOptions& agent) {
  a2a::FailureRules rules;
  for (const std::string& name : agent.failed_states) {
    if (const auto state = a2a::parse_task_state(name)) rules.task_states.push_back(*state);
  }
  return a2a::FailureClassifier(std::move(rules));
}

[[nodiscard]] bool is_coded(const http::FieldList& fields) noexcept {
  for (const http::Field& field : fields) {
    if (http::equals_lower(field.name, "content-encoding") && !http::equals_lower(field.value, "identity"))
      return true;
  }
  return false;
}

/// `application/json`, `application/a2a+json; charset=utf-8`
[[nodiscard]] bool is_json(const http::FieldList& fields) noexcept {
  const http::Field* const field = fields.find(http::FieldId::content_type);
  if (field == nullptr) return false;
  const std::string_view type = http::trimmed(field->value.substr(0, field->value.find(';')));
  constexpr std::string_view suffix = "+json";
  return http::equals_lower(type, "application/json") ||
         (type.size() > suffix.size() &&
          http::equals_lower(type.substr(type.size() - suffix.size()), suffix));
}

[[nodiscard]] bool contains_lower(std::string_view text, std::string_view word) noexcept {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (http::equals_lower(text.substr(at, word.size()), word)) return true;
  }
  return false;
}

/// A caller of the protocol says so: by A2A-Version, which 1.0 requires, or by the types that it takes. A
/// browser takes pages.
[[nodiscard]] bool asks_for_protocol(const http::FieldList& fields) noexcept {
  bool takes_it = false;
  for (const http::Field& field : fields) {
    if (http::equals_lower(field.name, "a2a-version")) return true;
    if (field.id != http::FieldId::accept) continue;
    if (contains_lower(field.value, "text/html")) return false;
    takes_it |= contains_lower(field.value, "json") || contains_lower(field.value, "text/event-stream");
  }
  return takes_it;
}

/// Whatever its method and its headers.
[[nodiscard]] bool takes(const config::Route& route, std::string_view path) noexcept {
  if (route.match == config::Route::Match::exact) return path == route.path;
  std::string_view prefix = route.path;
  if (prefix.ends_with('/')) prefix.remove_suffix(1);
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

void AgentNote::take(const AskedFor& asked, const Service& service, const config::Router& router) {
  if (!service.options().agent) return;
  agent_ = &*service.options().agent;
  http_method_.assign(asked.head.method);
  asks_for_protocol_ = asks_for_protocol(asked.fields);
  path_ = service.options().base_path;
  path_.append(without_query(asked.path));
  const a2a::Prefixes prefixes = a2a::differing_prefixes(without_query(asked.head.path), path_);
  place_.agents_prefix.assign(prefixes.agents);
  place_.proxy_prefix.assign(prefixes.callers);
  const std::string_view host = asked.from.host.empty() ? asked.head.authority : asked.from.host;
  place_.proxy.assign(asked.from.scheme).append("://").append(host);
  service_ = &service;
  const config::TargetPath path{asked.head.path};
  const config::FieldsOf lines{asked.fields};
  const auto* const found = router.find({asked.head.method, asked.head.authority, path.view(), lines});
  if (found != nullptr) host_ = found->route.host;
}

void AgentNote::begin(const CallRequest& request) {
  using Body = a2a::PassedCall::Body;
  const bool whole = request.content != CallRequest::Content::streamed;
  call_ = whole ? a2a::PassedCall::of(http_method_, path_, request.body)
                : a2a::PassedCall::of(http_method_, path_, {}, Body::unread);
  queued_ = request.origin == CallRequest::Origin::queue;
  // A page may be below /tasks/; nothing but a call of the protocol is sent to the others.
  const bool may_be_page = !call_.by_body && http_method_ == "GET" && !asks_for_protocol_;
  expects_ = may_be_page ? a2a::Expects::anything : a2a::Expects::protocol;
  if (call_.known()) {
    again_ = call_.again();
    const bool readable = call_.content != a2a::PassedCall::Content::unknown;
    if (call_.sends() && readable && agent_->tells_duplicates) again_ = a2a::Again::harmless;
  } else {
    again_ = request.repeatable() ? a2a::Again::harmless : a2a::Again::harmful;
  }
}

AgentNote::Reading AgentNote::reading(const http::Head& head, const http::FieldList& fields) const noexcept {
  if (head.status < 200 || head.status >= 300) return Reading::none;
  if (call_.wants_card) return Reading::whole;
  if (is_coded(fields)) return Reading::none;
  if (is_json(fields)) return Reading::whole;
  if (announces_events(fields)) return call_.streams() ? Reading::event : Reading::none;
  // Whatever its type says; but a stream is not held back.
  return is_strict() && !call_.streams() ? Reading::whole : Reading::none;
}

/// Of a known type, that is: what is in a coding was not read.
void AgentNote::take_stream(const http::Head& head, const http::FieldList& fields, std::size_t most) {
  events_.reset();
  ended_early_ = false;
  if (head.status < 200 || head.status >= 300 || is_coded(fields)) return;
  if (reading(head, fields) == Reading::event) {
    events_.emplace(most);
  } else if (!judged_ && is_strict() && !is_json(fields)) {
    judged_ = not_the_protocol(head.status);
  }
}

bool AgentNote::see(std::string_view content) {
  events_->add(content);
  const std::optional<std::string> data = events_->next();
  if (data) judged_ = outcome_of_body(200, *data);
  const bool known = data || events_->too_large();
  if (known) events_.reset();
  return known;
}

Outcome AgentNote::not_the_protocol(unsigned status) const {
  return rules_of(*agent_).of_error(a2a::Errc::malformed, {0, status, {}, {}, {}}, again_for_policies(),
                                    Duration::zero());
}

Outcome AgentNote::outcome_of_body(unsigned status, std::string_view body) const {
  return a2a::outcome_of_answer(rules_of(*agent_), call_, expects_, {status, body, {}}, again_for_policies(),
                                Duration::zero());
}

void AgentNote::judge(unsigned status, std::optional<std::string_view> content,
                      const config::Router& router) {
  if (call_.known() || call_.wants_card) {
    if (content && (is_strict() || !content->empty())) judged_ = outcome_of_body(status, *content);
    if (call_.wants_card) rewrite_card(status, content, call_.card_form, router);
  } else if (content) {
    // What was asked for is not known: the request was too long, or the card has a name of its own.
    if (const auto form = a2a::card_form_of(*content)) {
      rewrite_card(status, content, *form, router);
    } else if (a2a::is_rpc_answer(*content)) {
      judged_ = outcome_of_body(status, *content);
    }
  }
}

void AgentNote::rewrite_card(unsigned status, std::optional<std::string_view> content, a2a::CardForm form,
                             const config::Router& router) {
  replaces_ = true;
  place_.agents_origins.clear();
  try {
    if (!content)
      throw a2a::Error(a2a::Errc::bad_card, "the card is too long to be read, or did not come whole");
    for (const Upstream& each : service_->upstreams().all())
      add_origin(place_.agents_origins, (each.tls ? "https://" : "http://") + config::text_of(each.at));
    for (const std::string& origin : agent_->origins) add_origin(place_.agents_origins, origin);
    a2a::ProxyPlace place = place_;
    place.leads_to_agent = [&](std::string_view path) { return leads_here(path, router); };
    card_ = a2a::rewritten_card(*content, place, form);
  } catch (const a2a::Error& bad) {
    why_not_ = bad.what();
    judged_ =
        rules_of(*agent_).of_error(a2a::Errc::bad_card, {0, status, {}, {}, {}}, again_, Duration::zero());
  }
}

/// Another service's route with conditions does not count: it takes only some requests for the path.
bool AgentNote::leads_here(std::string_view path, const config::Router& router) const {
  const config::TargetPath asked{path};
  if (!asked.valid()) return false;
  for (const config::Router::Target& target : router.in_order()) {
    const config::Route& route = target.route;
    if (route.host != host_ || !takes(route, asked.view())) continue;
    if (target.service_name == service_->name()) return true;
    if (route.methods.empty() && route.headers.empty()) return false;
  }
  return false;
}

void AgentNote::forget_answer() noexcept {
  judged_.reset();
  events_.reset();
  ended_early_ = false;
  replaces_ = false;
  card_.clear();
  why_not_.clear();
}

Outcome AgentNote::outcome(const Service& service, unsigned status, std::optional<Duration> retry_after,
                           Duration latency) const {
  if (ended_early_) return service.classifier().of_connection_error(latency);
  // What the policy's failure_when says counts first.
  const Outcome by_policy =
      service.classifier().of_status(status, latency, retry_after, http::support_of(http_method_));
  if (by_policy.verdict == Verdict::failure && (!judged_ || judged_->verdict != Verdict::failure))
    return by_policy;
  if (judged_) {
    Outcome outcome = *judged_;
    outcome.latency = latency;
    return outcome;
  }
  if (by_policy.verdict != Verdict::success) return by_policy;
  return a2a::outcome_of_status(rules_of(*agent_), status, retry_after, a2a::Again::harmless, latency);
}

/// Its tag names what the agent has sent, so it is a weak one for what is made of that.
std::optional<StoredAnswer> AgentNote::replacement(const http::Head& head, const http::FieldList& fields) {
  if (is_coded(fields)) why_not_ = "the card is in a content coding that was not asked for";
  if (!why_not_.empty()) return std::nullopt;
  StoredAnswer::Content content;
  content.status = head.status;
  content.reason.assign(fields.reason());
  write_kept_fields(content.fields, fields);
  constexpr std::string_view strong = "ETag: \"";
  if (const std::size_t at = content.fields.find(strong); at != std::string::npos)
    content.fields.insert(at + strong.size() - 1, "W/");
  content.body = std::move(card_);
  return StoredAnswer{std::move(content)};
}

}  // namespace switchgear::gateway
