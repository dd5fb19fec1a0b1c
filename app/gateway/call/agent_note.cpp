#include "app/gateway/call/agent_note.hpp"

#include <utility>
#include <vector>

#include "app/gateway/heads/event_stream.hpp"
#include "app/gateway/heads/forwarding.hpp"
#include "switchgear/a2a/error.hpp"
#include "switchgear/a2a/task_state.hpp"
#include "switchgear/config/address.hpp"
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
  } catch (const http::Error&) {  // a Unix socket: no card names it
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

}  // namespace

void AgentNote::take(const AskedFor& asked, const Service& service) {
  if (!service.options().agent) return;
  agent_ = &*service.options().agent;
  http_method_.assign(asked.head.method);
  path_ = service.options().base_path;
  path_.append(without_query(asked.path));
  const a2a::Prefixes prefixes = a2a::differing_prefixes(without_query(asked.head.path), path_);
  place_.agents_prefix.assign(prefixes.agents);
  place_.proxy_prefix.assign(prefixes.callers);
  const std::string_view host = asked.from.host.empty() ? asked.head.authority : asked.from.host;
  place_.proxy.assign(asked.from.scheme).append("://").append(host);
  service_ = &service;
}

void AgentNote::begin(const CallRequest& request) {
  const bool whole = request.content != CallRequest::Content::streamed;
  call_ =
      a2a::PassedCall::of(http_method_, path_, whole ? std::string_view(request.body) : std::string_view());
  queued_ = request.origin == CallRequest::Origin::queue;
  if (call_.method) {
    again_ = a2a::wire::again_of(*call_.method);
    const bool sends = *call_.method == a2a::wire::Method::send_message ||
                       *call_.method == a2a::wire::Method::send_streaming_message;
    if (sends && agent_->tells_duplicates) again_ = a2a::Again::harmless;
  } else {
    again_ = request.repeatable() ? a2a::Again::harmless : a2a::Again::harmful;
  }
}

bool AgentNote::reads(const http::Head& head, const http::FieldList& fields) const noexcept {
  return head.status >= 200 && head.status < 300 &&
         (call_.wants_card || (call_.method && !announces_events(fields) && !is_coded(fields)));
}

void AgentNote::judge(unsigned status, std::optional<std::string_view> content) {
  const a2a::FailureClassifier rules = rules_of(*agent_);
  // Once stored, a message is sent until it is answered well.
  const a2a::Again again = queued_ ? a2a::Again::harmless : again_;
  if (content && !content->empty())
    judged_ = a2a::outcome_of_answer(rules, {status, *content, {}}, again, Duration::zero());
  if (!call_.wants_card) return;
  replaces_ = true;
  try {
    if (!content)
      throw a2a::Error(a2a::Errc::bad_card, "the card is too long to be read, or did not come whole");
    for (const Upstream& each : service_->upstreams().all())
      add_origin(place_.agents_origins, (each.tls ? "https://" : "http://") + config::text_of(each.at));
    for (const std::string& origin : agent_->origins) add_origin(place_.agents_origins, origin);
    card_ = a2a::rewritten_card(*content, place_);
  } catch (const a2a::Error& bad) {
    why_not_ = bad.what();
    judged_ =
        rules.of_error(a2a::Errc::bad_card, {0, status, {}, {}, {}}, a2a::Again::harmless, Duration::zero());
  }
}

void AgentNote::forget_answer() noexcept {
  judged_.reset();
  replaces_ = false;
  card_.clear();
  why_not_.clear();
}

Outcome AgentNote::outcome(const Service& service, unsigned status, std::optional<Duration> retry_after,
                           Duration latency) const {
  if (judged_) {
    Outcome outcome = *judged_;
    outcome.latency = latency;
    return outcome;
  }
  // What the policy's failure_when says counts first.
  const Outcome by_policy = service.classifier().of_status(status, latency, retry_after);
  if (by_policy.verdict == Verdict::failure) return by_policy;
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
