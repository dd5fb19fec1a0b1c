#include "app/gateway/call/call_request.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/storing_rules.hpp"
#include "app/gateway/heads/upgrade.hpp"
#include "switchgear/a2a/proxy/passed_call.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/deadline_field.hpp"

namespace switchgear::gateway {

namespace {

constexpr std::size_t worth_keeping = 4096;

void forget_text(std::string& text) noexcept {
  if (text.empty()) return;
  text.clear();
  if (text.capacity() > worth_keeping) text.shrink_to_fit();
}

/// RFC 9110, 9.2.2. Not if a field overrides the method.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

/// The client says that the service knows a repeated request by this (draft-ietf-httpapi-idempotency-key). An
/// empty one tells nothing apart.
[[nodiscard]] bool has_idempotency_key(const http::FieldList& fields) noexcept {
  bool found = false;
  for (const http::Field& field : fields) {
    if (field.id == http::FieldId::unknown && http::equals_lower(field.name, "idempotency-key"))
      found = !field.value.empty() && field.value != "\"\"";
  }
  return found;
}

/// Nothing without the field: then chance chooses.
[[nodiscard]] std::optional<std::uint64_t> spread_key_of(const http::FieldList& fields,
                                                         std::string_view header) noexcept {
  if (header.empty()) return std::nullopt;
  for (const http::Field& field : fields) {
    if (http::equals_lower(field.name, header)) return instances::balance_key(field.value);
  }
  return std::nullopt;
}

/// One that came is old by the time that an attempt begins, and of a stranger it is not believed.
[[nodiscard]] DeadlineLine deadline_line_of(const config::TrustOptions& trust) noexcept {
  if (trust.send_deadlines) return DeadlineLine::replaced;
  return trust.receive_deadlines ? DeadlineLine::dropped : DeadlineLine::passes;
}

[[nodiscard]] std::uint16_t port_in(std::string_view text) noexcept {
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

/// A2A does not define the field, so it tells an agent nothing: a message would begin another task.
[[nodiscard]] bool may_repeat(const AskedFor& asked, const PolicySet& policies, bool agent) noexcept {
  if (is_idempotent(asked.head.method) && !overrides_method(asked.fields)) return true;
  return !agent && (policies.repeats() || policies.queues()) && has_idempotency_key(asked.fields);
}

[[nodiscard]] std::string_view path_of(const AskedFor& asked) noexcept {
  return asked.path.substr(0, asked.path.find('?'));
}

}  // namespace

StoredRequest::StoredRequest(std::string_view payload) noexcept {
  const auto next_line = [&payload] {
    const std::string_view line = payload.substr(0, payload.find('\n'));
    payload.remove_prefix(line.size() + 1);
    return line;
  };
  arrival.peer = next_line();
  arrival.scheme = next_line();
  arrival.port = port_in(next_line());
  arrival.claims = static_cast<Claims>(next_line().front() - '0');
  path = next_line();
  text = payload;
}

void StoredRequest::write(std::string& payload, const AskedFor& asked) {
  const std::string_view path = asked.path == asked.head.path ? std::string_view{} : asked.path;
  const Arrival& arrival = asked.from.arrival;
  const std::array<char, 1> claims{static_cast<char>('0' + static_cast<int>(arrival.claims))};
  const std::string port = std::to_string(arrival.port);
  for (const std::string_view line :
       {arrival.peer, arrival.scheme, std::string_view{port}, std::string_view{claims.data(), 1}, path})
    payload.append(line).append("\n");
  payload.append(asked.text);
}

void CallRequest::take(const AskedFor& asked, const Service& service, WorkerState& worker, Origin from) {
  const http::Head& in = asked.head;
  const PolicySet& policies = service.policies();
  const std::uint64_t length = in.content_length.value_or(0);
  const bool agent = service.options().agent.has_value();  // what it asks for is said in its content
  const bool fits = !in.chunked && length <= worker.limits.buffered_body_bytes;
  const bool in_chunks = agent && in.chunked;  // held as far as there is room
  // Who says Expect wants the service's own word before the content is sent: that is not for us to say, but
  // for an agent. If Connection names the field, it is for this hop, and not among the fields any more.
  const bool expecting =
      in.expects_continue && in.version >= 11 && asked.fields.find(http::FieldId::expect) != nullptr;
  const bool invites = expecting && agent && (fits || in_chunks);
  const bool can_be_held = fits && (!expecting || invites);
  const bool harmless = may_repeat(asked, policies, agent);
  // To a client that only reads, an answer that comes later is of no use.
  const bool queues =
      policies.queues() && from == Origin::client && asked.upgrade.empty() && is_unsafe(in, asked.fields);
  origin = from;
  to_head = in.method == "HEAD";
  // An agent need not have each method of the protocol either, and some say so by 501.
  support = agent ? http::Support::optional : http::support_of(in.method);
  coding = in.chunked ? http::Coding::chunked : http::Coding::identity;
  if (!in.chunked && length == 0) {
    content = Content::none;
  } else if (from == Origin::queue || in_chunks ||
             (can_be_held && (agent || queues || (policies.repeats() && harmless)))) {
    content = Content::held;
  } else {
    content = Content::streamed;
  }
  short_ = can_be_held;
  fits_ = fits;
  expects_ = expecting && !invites;
  repeats = harmless && content != Content::streamed ? Repeatable::yes : Repeatable::no;
  if (queues && content != Content::streamed) StoredRequest::write(payload, asked);
  if (policies.remembers()) {
    const std::size_t place = UriVersions::place_of(asked.path);
    if (is_unsafe(in, asked.fields)) changes = place;
    if (asked.upgrade.empty())
      write_answer_key(key, in, asked.path, asked.fields, asked.from, policies.versions()->at(place));
  }
  deadline = from == Origin::client ? asked.deadline : TimePoint::max();
  tells_deadline = worker.trust.send_deadlines;
  spread_key = spread_key_of(asked.fields, service.upstreams().key_header());
  if (!asked.upgrade.empty()) {
    upgrade.assign(asked.upgrade);
    proof = proof_of_upgrade(upgrade, asked.fields);
  }
  if (const auto& by = service.options().by) value.assign(single_value(asked.fields, by->header));
  Marks marks;
  if (worker.tracing.options.on()) marks = mark(asked, worker.tracing);
  content_lines_ =
      write_request(head, in, asked.fields,
                    {service.options().base_path, asked.path, service.host(), asked.from, worker.pseudonym,
                     marks, deadline_line_of(worker.trust), upgrade, agent,
                     agent && a2a::PassedCall::asks_for_card(in.method, path_of(asked)), expects_});
}

Marks CallRequest::mark(const AskedFor& asked, Tracing& tracing) {
  const TracingOptions& options = tracing.options;
  const Correlation found = correlation_of(asked.fields, options.headers, options.request_id);
  Marks marks{options.headers, found.keeps_state, options.request_id, {}};
  if (found.caller) {
    trace = {found.caller->trace, {}, found.caller->flags};
    caller = found.caller->span;
  } else if (options.headers == TraceHeaders::w3c) {
    trace.trace = tracing.ids.next_trace();
    trace.flags = tracing.sampler.samples(trace.trace) ? telemetry::TraceContext::sampled_flag : 0;
  }
  if (trace.sampled() && options.spans) {
    trace.span = tracing.ids.next_span();
    if (found.keeps_state) trace_state = trace_state_of(asked.fields);
  }
  if (options.request_id.empty()) return marks;
  if (found.request_id.empty()) {
    const auto made = telemetry::hex_of(tracing.ids.next_trace());
    request_id.assign(made.data(), made.size());
    marks.made_request_id = request_id;
  } else {
    request_id.assign(found.request_id);
  }
  return marks;
}

void CallRequest::settle_content() {
  if (content != Content::held || (coding != http::Coding::chunked && !expects_)) return;
  std::string line;
  append_content_length(line, body.size());
  head.replace(content_lines_.at, content_lines_.size, line);
  content_lines_.size = line.size();
  coding = http::Coding::identity;
  expects_ = false;
}

/// Without the lines of each attempt's own, and the end.
void CallRequest::put_open_head(http::Outbox& to, bool to_http10) const {
  if (!expects_ || !to_http10) return to.put(head);
  constexpr std::string_view expect = "Expect: 100-continue\r\n";  // the last of its lines
  const std::string_view all{head};
  const std::size_t end = content_lines_.at + content_lines_.size;
  to.put(all.substr(0, end - expect.size()));
  to.put(all.substr(end));
}

void CallRequest::put_head(http::Outbox& to, telemetry::SpanId span, Duration left, bool to_http10) const {
  put_open_head(to, to_http10);
  if (!trace.trace.valid() && !tells_deadline) return;
  if (tells_deadline) {
    std::array<char, http::longest_deadline_line> line;
    to.put(http::write_deadline(line, left));
  }
  if (trace.trace.valid()) {
    const telemetry::TraceparentText text = telemetry::traceparent_of({trace.trace, span, trace.flags});
    constexpr std::string_view name = "traceparent: ";
    constexpr std::string_view end = "\r\n";
    std::array<char, name.size() + text.size() + end.size()> line;
    std::copy(end.begin(), end.end(),
              std::copy(text.begin(), text.end(), std::copy(name.begin(), name.end(), line.begin())));
    to.put({line.data(), line.size()});
  }
  to.put("\r\n");
}

void CallRequest::stream_rest() noexcept {
  content = Content::streamed;
  repeats = Repeatable::no;
  forget_text(payload);
}

void CallRequest::forget() noexcept {
  forget_text(head);
  forget_text(body);
  forget_text(key);
  forget_text(payload);
  forget_text(value);
  forget_text(trace_state);
  forget_text(request_id);
  upgrade.clear();
  proof.clear();
  trace = {};
  caller = {};
  changes.reset();
}

}  // namespace switchgear::gateway
