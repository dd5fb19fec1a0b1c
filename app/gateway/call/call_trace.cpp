#include "app/gateway/call/call_trace.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "switchgear/config/address.hpp"

namespace switchgear::gateway {

namespace {

using telemetry::Span;
using telemetry::SpanKind;
using telemetry::SpanParent;
using telemetry::SpanStatus;

constexpr std::size_t usual_attributes = 8;
constexpr std::string_view methods[]{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

/// Methods that a client made up would be one group of spans each.
[[nodiscard]] std::string_view known_method(std::string_view method) noexcept {
  return std::find(std::begin(methods), std::end(methods), method) != std::end(methods) ? method : "_OTHER";
}

void add(Span& to, std::string_view name, std::string_view value) {
  to.attributes.push_back({name, std::string{value}});
}
void add(Span& to, std::string_view name, std::int64_t value) { to.attributes.push_back({name, value}); }
void add_truth(Span& to, std::string_view name) { to.attributes.push_back({name, true}); }

void set_error(Span& to, std::string_view type) {
  to.status = SpanStatus::error;
  add(to, "error.type", type);
}

}  // namespace

CallTrace::CallTrace(const AskedFor& asked, const CallRequest& request, const Service& service) {
  const std::string_view method = known_method(asked.head.method);
  spans_.reserve(3);
  Span& made = spans_.emplace_back();
  made.attributes.reserve(usual_attributes);
  made.context = request.trace;
  if (request.caller.valid()) {
    made.parent_kind = SpanParent::remote;
    made.parent = request.caller;
    made.state = request.trace_state;
  }
  made.name = std::string{method == "_OTHER" ? "HTTP" : method} + " " + service.name();
  made.kind = request.origin == CallRequest::Origin::client ? SpanKind::server : SpanKind::internal;
  add(made, "http.request.method", method);
  add(made, "url.scheme", asked.from.scheme);
  add(made, "url.path", asked.head.path.substr(0, asked.head.path.find('?')));
  add(made, "switchgear.service", service.name());
  if (!request.request_id.empty()) add(made, "switchgear.request_id", request.request_id);
  if (request.origin == CallRequest::Origin::queue) add_truth(made, "switchgear.replayed");
}

void CallTrace::begin_attempt(const Step& step, telemetry::SpanId id, const config::Endpoint* upstream,
                              TimePoint now) {
  running_[step.branch] = spans_.size();
  ++attempts_;
  Span& made = spans_.emplace_back();
  made.attributes.reserve(usual_attributes);
  const Span& parent = call();
  made.context = parent.context;
  made.context.span = id;
  made.parent_kind = SpanParent::local;
  made.parent = parent.context.span;
  made.state = parent.state;
  made.name = parent.name;
  made.kind = SpanKind::client;
  made.start = now;
  made.attributes.push_back(parent.attributes.front());  // the method
  if (upstream != nullptr) {
    const bool by_path = config::is_unix(*upstream);
    add(made, "server.address", by_path ? upstream->host.substr(config::unix_scheme.size()) : upstream->host);
    if (!by_path) add(made, "server.port", std::int64_t{upstream->port});
  }
  if (step.number > 1) add(made, "http.request.resend_count", std::int64_t{step.number} - 1);
  if (step.branch != 0) add_truth(made, "switchgear.hedge");
}

void CallTrace::end_attempt(unsigned branch, const Outcome& outcome, unsigned status, std::string_view error,
                            TimePoint now) {
  const std::size_t place = std::exchange(running_[branch], none);
  if (place == none) return;
  Span& ended = spans_[place];
  ended.end = now;
  add(ended, "switchgear.verdict", to_string(outcome.verdict));
  if (status != 0) add(ended, "http.response.status_code", std::int64_t{status});
  if (!error.empty()) {
    set_error(ended, error);
  } else if (status >= 400) {
    set_error(ended, std::to_string(status));
  }
}

void CallTrace::refused(const Rejection& rejection, TimePoint now) {
  telemetry::SpanEvent& event = call().events.emplace_back();
  event.at = now;
  event.name = "switchgear.rejected";
  event.attributes.push_back({"switchgear.reason", std::string{to_string(rejection.reason)}});
  event.attributes.push_back({"switchgear.policy", std::string{rejection.policy}});
  if (rejection.retry_after)
    event.attributes.push_back({"switchgear.retry_after", to_seconds(*rejection.retry_after)});
}

void CallTrace::failed(std::string_view type) { set_error(call(), type); }

void CallTrace::answered(unsigned status) {
  add(call(), "http.response.status_code", std::int64_t{status});
  if (status >= 500 && call().status == SpanStatus::unset) set_error(call(), std::to_string(status));
}

void CallTrace::answered_from(Source source) {
  add(call(), "switchgear.source", source == Source::cache ? "cache" : "fallback");
}

void CallTrace::chaos() { add_truth(call(), "switchgear.chaos"); }

void CallTrace::cancel(std::uint32_t branches, TimePoint now) {
  for (std::size_t branch = 0; branch < running_.size(); ++branch) {
    if ((branches >> branch & 1U) == 0 || running_[branch] == none) continue;
    Span& cancelled = spans_[std::exchange(running_[branch], none)];
    cancelled.end = now;
    add_truth(cancelled, "switchgear.cancelled");
  }
}

std::vector<Span> CallTrace::end(std::string_view how, TimePoint now) {
  cancel(all_branches, now);
  call().end = now;
  add(call(), "switchgear.attempts", attempts_);
  add(call(), "switchgear.ending", how);
  if (how == "broken_off" && call().status == SpanStatus::unset) set_error(call(), how);
  return std::move(spans_);
}

}  // namespace switchgear::gateway
