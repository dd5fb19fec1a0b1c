#include "app/gateway/call/agent_note.hpp"

#include <utility>
#include <vector>

#include "app/gateway/heads/contains_lower.hpp"
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

constexpr std::uint64_t short_answer = std::uint64_t{64} * 1024;
constexpr std::string_view usual_card = "/.well-known/agent-card.json";
constexpr std::string_view older_card = "/.well-known/agent.json";
constexpr std::string_view strong_tag = "ETag: \"";

/// All lines of that name become one.
void replace_location(std::string& fields, std::string_view value) {
  std::string kept;
  for (std::string_view rest = fields; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n") + 2);
    if (!http::equals_lower(line.substr(0, line.find(':')), "location")) kept += line;
    rest.remove_prefix(line.size());
  }
  fields = kept.append("Location: ").append(value).append("\r\n");
}

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

/// `;q=0`, `; q=0.0`: something is not taken.
[[nodiscard]] bool has_zero_weight(std::string_view types) noexcept {
  for (std::size_t at = types.find('='); at != std::string_view::npos; at = types.find('=', at + 1)) {
    if (at == 0 || http::to_lower(types[at - 1]) != 'q') continue;
    const std::size_t end = types.find_first_not_of("0.", at + 1);
    const bool is_number = end != at + 1;
    if (is_number && (end == std::string_view::npos || types[end] < '0' || types[end] > '9')) return true;
  }
  return false;
}

/// It asks for another type than those of the protocol, or leaves the choice to the agent.
[[nodiscard]] bool may_get_other_type(const http::FieldList& fields) noexcept {
  bool asks = false;
  bool takes_it = false;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::accept) continue;
    asks = true;
    const std::string_view types = field.value;
    if (contains_lower(types, "text/html") || has_zero_weight(types)) return true;
    for (const std::string_view type : {"json", "text/event-stream", "*/*", "application/*"})
      takes_it |= contains_lower(types, type);
  }
  return asks && !takes_it;
}

[[nodiscard]] bool is_redirect(unsigned status, const http::FieldList& fields) noexcept {
  constexpr unsigned not_modified = 304;
  return status >= 300 && status < 400 && status != not_modified &&
         fields.find(http::FieldId::location) != nullptr;
}

[[nodiscard]] Outcome no_evidence() noexcept {
  Outcome outcome = Outcome::ignored();
  outcome.repeat = Repeat::pointless;
  return outcome;
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
  may_get_other_ = may_get_other_type(asked.fields);
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
  const bool must_speak = !may_get_other_ && !call_.notifies && speaks_protocol_here();
  expects_ = may_be_page  ? a2a::Expects::anything
             : must_speak ? a2a::Expects::protocol
                          : a2a::Expects::unsure;
  if (call_.known()) {
    again_ = call_.again();
    const bool readable = call_.content != a2a::PassedCall::Content::unknown;
    if (call_.sends() && readable && agent_->tells_duplicates) again_ = a2a::Again::harmless;
  } else {
    again_ = request.repeatable() ? a2a::Again::harmless : a2a::Again::harmful;
  }
}

AgentNote::Reading AgentNote::reading(const http::Head& head, const http::FieldList& fields) const noexcept {
  if (is_redirect(head.status, fields)) return Reading::whole;
  if (head.status < 200 || head.status >= 300) return Reading::none;
  if (call_.wants_card) return Reading::whole;
  if (is_coded(fields)) return Reading::none;
  if (is_json(fields)) return Reading::whole;
  if (announces_events(fields)) return call_.streams() && !call_.notifies ? Reading::event : Reading::none;
  // Whatever its type says; but a stream is not held back.
  if (call_.known() && expects_ != a2a::Expects::anything && !call_.streams()) return Reading::whole;
  // It may be a card under a name of its own, whose type is not known to its server.
  const bool is_short = head.content_length && *head.content_length <= short_answer;
  return http_method_ == "GET" && is_short ? Reading::whole : Reading::none;
}

/// Of a known type, that is: what is in a coding was not read.
void AgentNote::take_stream(const http::Head& head, const http::FieldList& fields, std::size_t most) {
  events_.reset();
  ended_early_ = false;
  if (head.status < 200 || head.status >= 300 || is_coded(fields)) return;
  if (reading(head, fields) == Reading::event) {
    events_.emplace(most);
  } else if (!judged_ && call_.known() && !call_.notifies && !is_json(fields)) {
    if (expects_ == a2a::Expects::protocol) judged_ = not_the_protocol(head.status);
    if (expects_ == a2a::Expects::unsure) judged_ = no_evidence();
  }
}

void AgentNote::end_stream() noexcept {
  if (!events_) return;
  if (expects_ == a2a::Expects::unsure) {
    judged_ = no_evidence();
  } else {
    ended_early_ = true;
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

void AgentNote::judge(unsigned status, std::optional<std::string_view> content, const http::FieldList& fields,
                      const config::Router& router) {
  if (is_redirect(status, fields)) return rewrite_redirect(status, content, fields, router);
  if (call_.known() || call_.wants_card) {
    const bool may_be_empty = call_.notifies || expects_ == a2a::Expects::anything;
    if (content && !(content->empty() && may_be_empty)) judged_ = outcome_of_body(status, *content);
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

/// Where agents have it, or where those of 0.3 may and this one has had it. Any other path is the caller's
/// choice.
bool AgentNote::has_card_here() const {
  if (call_.by_path || call_.content != a2a::PassedCall::Content::none) return speaks_protocol_here();
  return is_own_path(usual_card) || service_->upstreams().agent().has_card_at(path_);
}

bool AgentNote::is_own_path(std::string_view path) const noexcept {
  const std::string& base = service_->options().base_path;
  return path_.size() == base.size() + path.size() && path_.starts_with(base) && path_.ends_with(path);
}

/// As far as its cards say.
bool AgentNote::speaks_protocol_here() const {
  const a2a::KnownAgent& agent = service_->upstreams().agent();
  const bool rpc =
      call_.content == a2a::PassedCall::Content::rpc || call_.content == a2a::PassedCall::Content::unread;
  if (rpc && agent.may_take_rpc_at(path_)) return true;
  return call_.by_path && agent.takes_http_json_at(path_);
}

a2a::ProxyPlace AgentNote::place_by(const config::Router& router) {
  place_.agents_origins.clear();
  for (const Upstream& each : service_->upstreams().all())
    add_origin(place_.agents_origins, (each.tls ? "https://" : "http://") + config::text_of(each.at));
  for (const std::string& origin : agent_->origins) add_origin(place_.agents_origins, origin);
  a2a::ProxyPlace place = place_;
  place.leads_to_agent = [this, &router](std::string_view path) { return leads_here(path, router); };
  return place;
}

void AgentNote::rewrite_card(unsigned status, std::optional<std::string_view> content, a2a::CardForm form,
                             const config::Router& router) {
  replaces_ = true;
  try {
    if (!content)
      throw a2a::Error(a2a::Errc::bad_card, "the card is too long to be read, or did not come whole");
    std::vector<a2a::OfferedInterface> offered;
    content_ = a2a::rewritten_card(*content, place_by(router), form, &offered);
    if (is_own_path(usual_card) || is_own_path(older_card))
      service_->upstreams().agent().learn_card(path_, std::move(offered));
  } catch (const a2a::Error& bad) {
    why_not_ = bad.what();
    judged_ = has_card_here() ? rules_of(*agent_).of_error(a2a::Errc::bad_card, {0, status, {}, {}, {}},
                                                           again_, Duration::zero())
                              : no_evidence();
    const bool is_page = content && form == a2a::CardForm::plain && !a2a::card_form_of(*content);
    if (is_page && !has_card_here()) {
      status_then_ = 404;
      why_not_ = "the agent has no card at " + path_ + ": " + why_not_;
    }
  }
}

/// A caller that follows it must come here again, as it would tell the other place what is meant for the
/// agent. The client of this library follows none, and takes a redirect for no evidence; a card that leads
/// elsewhere is the agent's failure.
void AgentNote::rewrite_redirect(unsigned status, std::optional<std::string_view> content,
                                 const http::FieldList& fields, const config::Router& router) {
  replaces_ = true;
  judged_ = no_evidence();
  a2a::Passage to;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::location) continue;
    to = a2a::passage_of_redirect(field.value, path_, place_by(router));
    if (to.url.empty()) break;
  }
  if (!to.url.empty()) {
    location_ = std::move(to.url);
    content_ = content.value_or("");
    return;
  }
  why_not_ = "the agent's redirect does not lead through the gateway; " + to.why_not;
  if (call_.wants_card && has_card_here())
    judged_ =
        rules_of(*agent_).of_error(a2a::Errc::bad_card, {0, status, {}, {}, {}}, again_, Duration::zero());
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
  content_.clear();
  location_.clear();
  why_not_.clear();
  status_then_ = 502;
}

Outcome AgentNote::outcome(const Service& service, unsigned status, std::optional<Duration> retry_after,
                           Duration latency) const {
  if (ended_early_) return service.classifier().of_connection_error(latency);
  // What the policy's failure_when says counts first.
  const Outcome by_policy =
      service.classifier().of_status(status, latency, retry_after, http::Support::optional);
  if (by_policy.verdict == Verdict::failure && (!judged_ || judged_->verdict != Verdict::failure))
    return by_policy;
  if (judged_) {
    Outcome outcome = *judged_;
    outcome.latency = latency;
    return outcome;
  }
  if (by_policy.verdict != Verdict::success) return by_policy;
  constexpr unsigned not_implemented = 501;  // it does not have what was asked for, as by -32004
  if (status == not_implemented) return no_evidence();
  return a2a::outcome_of_status(rules_of(*agent_), status, retry_after, a2a::Again::harmless, latency);
}

/// Its tag names what the agent has sent, so it is a weak one for what is made of that.
std::optional<StoredAnswer> AgentNote::replacement(const http::Head& head, const http::FieldList& fields) {
  if (location_.empty() && is_coded(fields))
    why_not_ = "the card is in a content coding that was not asked for";
  if (!why_not_.empty()) return std::nullopt;
  StoredAnswer::Content content;
  content.status = head.status;
  content.reason.assign(fields.reason());
  write_kept_fields(content.fields, fields);
  if (!location_.empty()) {
    replace_location(content.fields, location_);
  } else if (const std::size_t at = content.fields.find(strong_tag); at != std::string::npos) {
    content.fields.insert(at + strong_tag.size() - 1, "W/");
  }
  content.body = std::move(content_);
  return StoredAnswer{std::move(content)};
}

}  // namespace switchgear::gateway
