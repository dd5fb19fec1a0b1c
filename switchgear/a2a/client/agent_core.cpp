#include "switchgear/a2a/client/agent_core.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <iterator>
#include <random>
#include <stdexcept>
#include <utility>

#include "switchgear/a2a/client/no_answer.hpp"
#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/async/async_error.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/http/ascii.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::a2a {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view event_stream = "text/event-stream";
constexpr unsigned not_found = 404;
constexpr unsigned method_not_allowed = 405;

struct AllIsTerminal {
  asio::cancellation_type_t operator()(asio::cancellation_type_t type) const noexcept {
    return type == asio::cancellation_type::none ? type : asio::cancellation_type::terminal;
  }
};

[[nodiscard]] std::string checked_base(std::string_view base_url) {
  const http::Url base = http::Url::parse(base_url);
  if (base.target().find('?') != std::string::npos)
    throw http::Error(http::Errc::bad_url, "'" + std::string(base_url) + "' has a query; give it without");
  return std::string(base_url);
}

[[nodiscard]] ClientOptions checked(ClientOptions options, const std::string& origin) {
  if (options.versions.empty())
    throw std::invalid_argument("versions: is empty; give at least one version of the protocol");
  if (options.max_event == 0) throw std::invalid_argument("max_event: 0 bytes hold no event; use 1 or more");
  for (std::string& allowed : options.allowed_origins) allowed = http::Url::parse(allowed).origin();
  if (options.name.empty()) options.name = origin;
  if (!options.registry) {
    std::random_device seed;
    const WallAnchor now{steady_clock::now(), std::chrono::system_clock::now()};
    options.registry = std::make_shared<BreakerRegistry>(now, seed());
  }
  return options;
}

[[nodiscard]] bool is_event_stream(const http::Response& head) noexcept {
  const auto type = head.headers.get("Content-Type");
  return type && http::equals_lower(http::trimmed(type->substr(0, type->find(';'))), event_stream);
}

/// The next interface may be asked: this one did not get the call, or the call does no harm twice.
[[nodiscard]] bool may_be_asked_elsewhere(const std::exception_ptr& failed) noexcept {
  try {
    std::rethrow_exception(failed);
  } catch (const NoAnswer& error) {
    return !error.may_have_run();
  } catch (const Rejected& refused) {
    return is_breakers(refused.reason());
  } catch (...) {
    return false;
  }
}

}  // namespace

AgentCore::AgentCore(const asio::any_io_executor& executor, std::string_view base_url, ClientOptions options)
    : executor_(executor),
      base_url_(checked_base(base_url)),
      origin_(http::Url::parse(base_url).origin()),
      options_(checked(std::move(options), origin_)),
      classifier_(options_.failures),
      keeper_(std::make_shared<CardKeeper>(executor, base_url_, options_)) {}

/// Of one version, in the agent's order.
AgentCore::Interfaces AgentCore::interfaces_of(const AgentCard& card) const {
  std::string left_out;
  Interfaces allowed;
  for (const AgentInterface& each : card.interfaces) {
    const std::string origin = http::Url::parse(each.url).origin();
    if (origin == origin_ ||
        std::ranges::find(options_.allowed_origins, origin) != options_.allowed_origins.end()) {
      allowed.push_back(each);
    } else {
      left_out += "; " + each.url + " is of another origin (add " + origin + " to allowed_origins)";
    }
  }
  for (const ProtocolVersion version : options_.versions) {
    Interfaces found;
    std::ranges::copy_if(allowed, std::back_inserter(found),
                         [version](const AgentInterface& each) { return each.version == version; });
    if (!found.empty()) return found;
  }
  for (const std::string& other : card.passed_over) left_out += "; this client does not speak " + other;
  throw Error(Errc::no_interface,
              "agent '" + name() + "': its card has no interface that can be called" + left_out);
}

template <class F>
asio::awaitable<Reply> AgentCore::guarded(Breaker breaker, std::shared_ptr<AgentCall> call,
                                          const AsyncAttempt& made, F operation) {
  const TimePoint begun = steady_clock::now();
  std::optional<CircuitBreaker::Permit> permit;
  if (breaker) {
    auto asked = breaker->try_acquire(begun);
    if (!asked) throw Rejected(asked.rejection());
    permit.emplace(*std::move(asked));
  }
  std::exception_ptr failed;
  Reply reply;
  try {
    reply = co_await operation();
  } catch (...) {
    failed = std::current_exception();
  }
  const TimePoint ended = steady_clock::now();
  if (permit) {
    const Outcome outcome = failed ? outcome_of(failed, *call, made, ended - begun)
                                   : classifier_.of_result(wire::state_in(reply.result), ended - begun);
    std::move(*permit).record(outcome, ended);
  }
  if (failed) std::rethrow_exception(failed);
  co_return reply;
}

asio::awaitable<Reply> AgentCore::attempt(std::shared_ptr<AgentCall> call, const AsyncAttempt& made) {
  const AllIsTerminal filter;
  co_await asio::this_coro::reset_cancellation_state(filter, filter);
  const auto self = shared_from_this();
  if (call->again == Again::harmful && (call->in_doubt || made.kind == AttemptKind::hedge))
    throw Error(Errc::in_doubt, make_error_code(Errc::in_doubt).message());
  const CardKeeper::Card card = co_await keeper_->get();
  Breaker skill = breaker_of_skill(*card, call->skill);
  const auto interfaces = [&] { return through_interfaces(*card, call, made); };
  Reply reply = co_await guarded(std::move(skill), call, made, interfaces);
  co_return reply;
}

asio::awaitable<Reply> AgentCore::through_interfaces(const AgentCard& card, std::shared_ptr<AgentCall> call,
                                                     const AsyncAttempt& made) {
  if (keeper_->kept() != seen_ && keeper_->kept()) {
    seen_ = keeper_->kept();
    http_.clear();  // the agent may have moved; the breakers stay
  }
  const Interfaces interfaces = interfaces_of(card);
  std::exception_ptr last;
  for (const AgentInterface& to : interfaces) {
    Breaker breaker = breaker_of(to);
    const auto ask = [&] { return one(to, call); };
    try {
      Reply reply = co_await guarded(std::move(breaker), call, made, ask);
      reply.from = to;
      co_return reply;
    } catch (...) {
      last = std::current_exception();
    }
    if (!may_be_asked_elsewhere(last)) break;
  }
  std::rethrow_exception(last);
}

asio::awaitable<Reply> AgentCore::one(const AgentInterface& to, std::shared_ptr<AgentCall> call) {
  const bool harmful = call->again == Again::harmful;
  call->in_doubt = harmful;
  try {
    Reply reply = co_await request(to, *call);
    call->in_doubt = false;
    co_return reply;
  } catch (Error& failed) {
    const AgentReport& report = failed.report();
    const bool refused = (report.http_status == 429 || report.http_status == 503) && report.retry_after;
    call->in_doubt = false;  // it is known how it ended: badly
    failed.set_may_have_run(harmful && !refused);
    throw;
  } catch (const http::Error& failed) {
    call->in_doubt = harmful && may_have_been_sent(failed.code());
    throw NoAnswer(failed, call->in_doubt);
  }
}

asio::awaitable<Reply> AgentCore::request(const AgentInterface& to, const AgentCall& call) {
  if (call.method == wire::Method::subscribe_to_task && to.binding == Binding::http_json) {
    Reply reply = co_await subscribe(to, call);
    co_return reply;
  }
  wire::HttpCall what = wire::encode(call.method, call.params, to);
  Reply reply = co_await exchange(to, call, std::move(what));
  co_return reply;
}

/// The specification says GET in one place and POST in another; an agent that does not know the one is asked
/// by the other, from then on.
asio::awaitable<Reply> AgentCore::subscribe(const AgentInterface& to, const AgentCall& call) {
  if (!subscribed_by_post_.contains(to.url)) {
    try {
      wire::HttpCall what = wire::encode(call.method, call.params, to);
      Reply reply = co_await exchange(to, call, std::move(what));
      co_return reply;
    } catch (const Error& failed) {
      const bool unknown = failed.http_status() == method_not_allowed || failed.http_status() == not_found;
      if (failed.code() != Errc::http_status || !unknown) throw;
    }
    subscribed_by_post_.insert(to.url);
  }
  wire::HttpCall what = wire::encode(call.method, call.params, to);
  what.method = "POST";
  Reply reply = co_await exchange(to, call, std::move(what));
  co_return reply;
}

asio::awaitable<Reply> AgentCore::exchange(const AgentInterface& to, const AgentCall& call,
                                           wire::HttpCall what) {
  if (wire::is_streaming(call.method)) {
    Reply opened = co_await open(to, call, std::move(what));
    co_return opened;
  }
  const std::shared_ptr<http::Client> client = http_to(to);
  http::Request request = http_request(to, call, what);
  std::string method = what.method;
  const http::Response response = co_await client->request(std::move(method), std::move(request));
  const wire::Answer answer{response.status, response.body, response.retry_after()};
  co_return Reply(wire::decode_result(call.method, answer, to.binding, name()));
}

/// The first event, or, from an agent that does not stream this, a whole answer.
asio::awaitable<Reply> AgentCore::open(const AgentInterface& to, const AgentCall& call, wire::HttpCall what) {
  const std::shared_ptr<http::Client> client = http_to(to);
  http::Request request = http_request(to, call, what);
  std::string method = what.method;
  http::ResponseStream stream = co_await client->open(std::move(method), std::move(request));
  const unsigned status = stream.head().status;
  const auto retry_after = stream.head().retry_after();
  std::shared_ptr<SseConnection> events;
  std::string data;
  if (stream.head().ok() && is_event_stream(stream.head())) {
    events = std::make_shared<SseConnection>(executor_, std::move(stream), options_.max_event);
    std::optional<std::string> first = co_await events->next(options_.stream_idle);
    if (!first)
      throw http::Error(http::Errc::truncated, name() + ": the stream ended before its first event");
    data = *std::move(first);
  } else {
    data = co_await whole_body(stream);
  }
  const wire::Answer answer{status, data, retry_after};
  Reply reply(wire::decode_result(call.method, answer, to.binding, name()));
  reply.stream = std::move(events);
  co_return reply;
}

asio::awaitable<std::string> AgentCore::whole_body(http::ResponseStream& stream) const {
  std::string body;
  for (bool more = true; more;) {
    if (body.size() > options_.http.max_body)
      throw http::Error(http::Errc::body_too_large, name() + ": its answer is too long",
                        stream.head().status);
    more = co_await stream.read_some(body);
  }
  co_return body;
}

http::Request AgentCore::http_request(const AgentInterface& to, const AgentCall& call,
                                      const wire::HttpCall& what) const {
  const bool newer = to.version == ProtocolVersion::v1_0;
  std::string url = to.url;
  if (!what.path.empty()) {
    while (url.ends_with('/')) url.pop_back();
    url += what.path;
  }
  http::Request request(url);
  for (const auto& [name, value] : what.query) request.query(name, value);
  const bool rest = to.binding == Binding::http_json;
  if (!what.body.empty())
    request.body(what.body, rest && newer ? "application/a2a+json" : "application/json");
  request.key("").redirects(0).timeout(std::chrono::hours{24});  // the policies outside have the limits
  request.repeatable(call.again == Again::harmless ? Repeatable::yes : Repeatable::no);
  if (wire::is_streaming(call.method)) {
    request.header("Accept", event_stream).header("Accept-Encoding", "identity");
    request.in_class(http::RequestClass::long_running);
  } else {
    request.header("Accept", rest && newer ? "application/a2a+json, application/json" : "application/json");
  }
  if (newer) request.header("A2A-Version", to_string(to.version));
  std::string extensions;
  for (const std::string& uri : options_.extensions) extensions += (extensions.empty() ? "" : ", ") + uri;
  if (!extensions.empty()) request.header(newer ? "A2A-Extensions" : "X-A2A-Extensions", extensions);
  return request;
}

std::shared_ptr<http::Client> AgentCore::http_to(const AgentInterface& to) {
  const std::string origin = http::Url::parse(to.url).origin();
  std::shared_ptr<http::Client>& client = http_[origin];
  if (!client) client = std::make_shared<http::Client>(executor_, origin, options_.http);
  return client;
}

AgentCore::Breaker AgentCore::breaker_of(const AgentInterface& at) const {
  if (!options_.interface_breaker) return nullptr;
  const std::string circuit = name() + "/" + std::string(to_string(at.binding)) + " " + at.url;
  return registry().get_or_create_keyed(circuit, *options_.interface_breaker, steady_clock::now());
}

AgentCore::Breaker AgentCore::breaker_of_skill(const AgentCard& card, const std::string& skill) const {
  if (!options_.skill_breaker || skill.empty() || card.skill(skill) == nullptr) return nullptr;
  return registry().get_or_create_keyed(name() + "/skill " + skill, *options_.skill_breaker,
                                        steady_clock::now());
}

/// For the breakers of interfaces and skills. An attempt whose time is over is cancelled from outside: that
/// is a timeout of the agent, unless its caller gave it too little.
Outcome AgentCore::outcome_of(const std::exception_ptr& failed, const AgentCall& call,
                              const AsyncAttempt& made, Duration latency) const {
  try {
    std::rethrow_exception(failed);
  } catch (const Error& error) {
    return classifier_.of_error(static_cast<Errc>(error.code().value()), error.report(), call.again, latency);
  } catch (const http::Error& error) {
    return classifier_.of_code(error.code(), call.again, latency);
  } catch (const Rejected&) {
    return Outcome::ignored(latency);
  } catch (const boost::system::system_error&) {
    const bool hurried =
        call.about.deadline_of == DeadlineOf::hurried_caller && made.deadline >= call.about.deadline;
    const bool late = steady_clock::now() >= made.deadline && !hurried;
    if (!late || !options_.failures.timeout) return Outcome::ignored(latency);
    return Outcome::failure(FailureType::timeout, latency);
  } catch (...) {
    return Outcome::failure(FailureType::exception, latency);
  }
}

void AgentCore::note_broken_stream(const AgentInterface& at, FailureType how) {
  const Breaker breaker = breaker_of(at);
  if (!breaker) return;
  const TimePoint now = steady_clock::now();
  auto permit = breaker->try_acquire(now);
  if (permit) std::move(*permit).record(Outcome::failure(how, Duration::zero()), now);
}

void AgentCore::close_idle() {
  for (const auto& [origin, client] : http_) client->close_idle();
}

}  // namespace switchgear::a2a
