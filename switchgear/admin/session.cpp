#include "switchgear/admin/session.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/admin/client_stream.hpp"
#include "switchgear/admin/head_watch.hpp"

namespace switchgear::admin {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

// g++ 12 destroys temporaries with destructors twice when their full expression contains a co_await:
// everything that is handed to an asynchronous operation here is a named local.

namespace {

using Stream = ClientStream;
using Parser = http::request_parser<http::string_body>;

std::optional<http::status> status_for(const error_code& failed) {
  if (failed == http::error::header_limit) return http::status::request_header_fields_too_large;
  if (failed == http::error::body_limit) return http::status::payload_too_large;
  if (failed == http::error::end_of_stream || failed == http::error::partial_message) return std::nullopt;
  if (failed.category() == make_error_code(http::error::bad_method).category())
    return http::status::bad_request;
  return std::nullopt;  // the connection broke or timed out: no client is left to answer
}

/// Two lengths for one body, or none that every server knows: what a proxy before us read as one request
/// could be two for us.
bool ambiguous_body(const Request& request) {
  const std::size_t codings = request.count(http::field::transfer_encoding);
  const std::size_t lengths = request.count(http::field::content_length);
  if (codings == 0) return lengths > 1;
  return codings > 1 || lengths != 0 || request.version() < 11 ||
         !beast::iequals(request[http::field::transfer_encoding], "chunked");
}

error_code error_of(HeadWatch::Fault fault) {
  switch (fault) {
    case HeadWatch::Fault::none:
      break;
    case HeadWatch::Fault::too_large:
      return http::error::header_limit;
    case HeadWatch::Fault::folded:
      return http::error::bad_obs_fold;
  }
  return {};
}

class Session {
 public:
  Session(asio::ip::tcp::socket socket, SessionContext& context)
      : stream_(std::make_shared<Stream>(std::move(socket), context.tls)), context_(context) {
    error_code failed;
    const auto local = stream_->socket().local_endpoint(failed);
    if (!failed) local_address_ = local.address().to_string();
    const auto client = stream_->socket().remote_endpoint(failed);
    if (!failed) client_address_ = client.address().to_string();
    ++context_.connections;
    context_.closable.push_back(closable_);
    context_.open.push_back(open_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { --context_.connections; }

  asio::awaitable<void> run() {
    if (stream_->encrypted()) {
      const bool secure = co_await shake_hands();
      if (!secure) co_return;
    }
    while (!context_.ended()) {  // which a connection of the last moment learns here, not by close_all()
      Request request;
      const bool got = co_await read(request);
      if (!got) co_return;
      waits_again();
      ++context_.requests;
      Api::Answer answer;
      if (!context_.unless_ended([&] { answer = answer_to(request); })) co_return;
      if (answer.stream) {
        co_await stream_events(answer.response);
        co_return;
      }
      const bool keep_alive = request.keep_alive();
      const bool written = co_await write(answer.response, request.method() == http::verb::head, keep_alive);
      if (!written) co_return;
      if (!keep_alive) {
        co_await linger();
        co_return;
      }
      waits_again();
    }
  }

 private:
  [[nodiscard]] Api::Answer answer_to(const Request& request) {
    const ServerCounts counts{context_.connections,      context_.closed_for_others,
                              context_.events.clients(), context_.events.dropped(),
                              context_.requests,         context_.handshakes};
    return context_.api.answer(request, {local_address_, client_address_, tls_ ? &*tls_ : nullptr}, counts);
  }

  asio::awaitable<bool> shake_hands() {
    stream_->expires_after(context_.limits.request_timeout);
    const Handshake handshake = co_await stream_->handshake();
    using End = Handshake::End;
    count(handshake);
    if (handshake.end == End::full || handshake.end == End::resumed) co_return true;
    if (handshake.end == End::cut_off) co_return false;
    const std::string_view why =
        handshake.end == End::late ? "its handshake was not done in time" : tls::of_client(handshake.failure);
    context_.unless_ended([&] { context_.api.report_handshake(client_address_, why); });
    if (handshake.failure == tls::Failure::plain_text) co_await answer_plain_text();
    co_return false;
  }

  void count(const Handshake& handshake) {
    tls::HandshakeCounts& counts = context_.handshakes;
    switch (handshake.end) {
      case Handshake::End::full:
        ++counts.full;
        break;
      case Handshake::End::resumed:
        ++counts.resumed;
        break;
      case Handshake::End::late:
        ++counts.late;
        break;
      case Handshake::End::cut_off:
        break;
      case Handshake::End::failed:
        ++counts.failed[static_cast<std::size_t>(handshake.failure)];
    }
  }

  /// The client most likely means well, and has the wrong URL.
  asio::awaitable<void> answer_plain_text() {
    Response refusal = problem(http::status::bad_request, "this server speaks TLS; use https://");
    harden(refusal);
    refusal.keep_alive(false);
    refusal.content_length(refusal.body().size());
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    stream_->expires_after(context_.limits.write_timeout);
    http::response_serializer<http::string_body> serializer{refusal};
    co_await http::async_write(stream_->plain(), serializer, token);
    if (!failed) co_await drain();
  }

  /// The client has done its part so far: other connections have waited longer.
  void waits_again() {
    if (!closable_.is_linked()) return;  // it is being closed
    closable_.unlink();
    context_.closable.push_back(closable_);
  }

  /// False when the connection is done for; a request that cannot be read is answered here.
  asio::awaitable<bool> read(Request& request) {
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    if (buffer_.size() == 0) {
      stream_->expires_after(context_.limits.idle_timeout);
      const auto room = buffer_.prepare(4096);
      const std::size_t got = co_await stream_->async_read_some(room, token);
      if (failed) co_return false;
      buffer_.commit(got);
    }
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(context_.limits.header_bytes));
    parser.body_limit(context_.limits.body_bytes);
    stream_->expires_after(context_.limits.request_timeout);
    co_await read_head(parser, failed);
    if (!failed && ambiguous_body(parser.get())) failed = http::error::bad_transfer_encoding;
    if (!failed && !parser.is_done() && parser.get()[http::field::expect] == "100-continue") {
      const auto go_on = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
      co_await asio::async_write(*stream_, go_on, token);
    }
    std::optional<Parser::value_type::header_type> head;
    if (!failed && parser.chunked()) head = parser.get().base();
    if (!failed && !parser.is_done()) co_await http::async_read(*stream_, buffer_, parser, token);
    if (!failed) {
      request = parser.release();
      if (head) request.base() = *std::move(head);  // without the trailers, which Beast puts with the fields
      co_return true;
    }
    if (const auto status = status_for(failed)) {
      Response refusal = problem(*status, "the request could not be read: " + failed.message());
      harden(refusal);
      const bool written = co_await write(refusal, false, false);
      if (written) co_await linger();
    }
    co_return false;
  }

  /// Reads, looks (HeadWatch), and parses, until the head is whole.
  asio::awaitable<void> read_head(Parser& parser, error_code& failed) {
    HeadWatch watch{context_.limits.header_bytes};
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    std::string_view fresh{static_cast<const char*>(buffer_.cdata().data()), buffer_.size()};
    for (;;) {
      failed = error_of(watch.take(fresh));
      if (failed) co_return;
      buffer_.consume(parser.put(buffer_.cdata(), failed));
      if (failed != http::error::need_more) co_return;
      failed = {};
      const auto room = buffer_.prepare(4096);
      const std::size_t got = co_await stream_->async_read_some(room, token);
      if (failed) co_return;
      buffer_.commit(got);
      fresh = {static_cast<const char*>(room.data()), got};
    }
  }

  asio::awaitable<bool> write(Response& response, bool head_only, bool keep_alive) {
    response.keep_alive(keep_alive);
    if (response.result() != http::status::not_modified) response.content_length(response.body().size());
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    stream_->expires_after(context_.limits.write_timeout);
    if (head_only || response.result() == http::status::not_modified) {
      http::response<http::empty_body> head{response.base()};
      http::response_serializer<http::empty_body> serializer{head};
      co_await http::async_write_header(*stream_, serializer, token);
    } else {
      http::response_serializer<http::string_body> serializer{response};
      co_await http::async_write(*stream_, serializer, token);
    }
    co_return !failed;
  }

  /// Ends the connection so that the peer gets the last answer: closing with unread bytes would reset it
  /// away.
  asio::awaitable<void> linger() {
    stream_->expires_after(context_.limits.write_timeout);
    co_await stream_->end_sending();
    co_await drain();
  }

  /// Reads until the client has closed; what comes is of no use.
  asio::awaitable<void> drain() {
    error_code failed;
    (void)stream_->socket().shutdown(asio::ip::tcp::socket::shutdown_send, failed);
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    stream_->expires_after(context_.limits.write_timeout);
    while (!failed) {
      buffer_.clear();
      const auto room = buffer_.prepare(std::size_t{16} * 1024);
      co_await stream_->plain().async_read_some(room, token);
    }
  }

  asio::awaitable<void> stream_events(Response& response) {
    const auto client = std::make_shared<EventClient>(stream_->get_executor(), client_address_);
    bool joined = false;
    if (!context_.unless_ended([&] { joined = context_.events.join(*client); })) co_return;
    if (!joined) {
      Response refusal =
          problem(http::status::service_unavailable, "the event stream has all the clients it takes");
      harden(refusal);
      refusal.set(http::field::retry_after, "5");
      co_await write(refusal, false, false);
      co_return;
    }
    const Membership membership{context_.events, *client};
    closable_.unlink();  // a stream is meant to last
    // Without a length and without chunks the body ends with the connection, which suits every client of a
    // stream.
    response.keep_alive(false);
    http::response<http::empty_body> head{response.base()};
    http::response_serializer<http::empty_body> serializer{head};
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    stream_->expires_after(context_.limits.write_timeout);
    co_await http::async_write_header(*stream_, serializer, token);
    stream_->expires_never();
    if (failed) co_return;
    // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): the coroutine owns copies of both pointers
    asio::co_spawn(stream_->get_executor(), watch_for_end(stream_, client), asio::detached);
    while (!failed && !client->dropped && !client->left) co_await send_next(*client, failed);
    error_code ignored;
    (void)stream_->socket().close(ignored);
  }

  struct Membership {
    EventStream& events;
    EventClient& client;
    Membership(EventStream& stream, EventClient& member) : events(stream), client(member) {}
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    ~Membership() { events.leave(client); }
  };

  /// Waits for events or for the time of a heartbeat, and writes one batch.
  asio::awaitable<void> send_next(EventClient& client, error_code& failed) {
    std::string batch;
    if (client.queue.empty()) {
      client.wake.expires_after(context_.limits.events_heartbeat);
      error_code woken;
      auto token = asio::redirect_error(asio::use_awaitable, woken);
      co_await client.wake.async_wait(token);
      if (!woken) batch = ": heartbeat\n\n";
    }
    for (const auto& event : client.queue) batch += *event;
    client.queue.clear();
    client.queued_bytes = 0;  // what is on its way is bounded by the write's timeout
    if (client.dropped || client.left || batch.empty()) co_return;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    const auto data = asio::buffer(batch);
    stream_->expires_after(context_.limits.write_timeout);
    co_await asio::async_write(*stream_, data, token);
    if (failed == beast::error::timeout) context_.unless_ended([&] { context_.events.drop(client); });
    stream_->expires_never();
  }

  /// A client of the stream has nothing more to say: what ends this read is its leaving.
  static asio::awaitable<void> watch_for_end(std::shared_ptr<Stream> stream,
                                             std::shared_ptr<EventClient> client) {
    error_code failed;
    auto token = asio::redirect_error(asio::use_awaitable, failed);
    std::array<char, 512> ignored{};
    const auto room = asio::buffer(ignored);
    stream->expires_never();  // of this read; a write may have begun already, and keeps its limit
    while (!failed) co_await stream->async_read_some(room, token);
    client->left = true;
    client->wake.cancel();
  }

  std::shared_ptr<Stream> stream_;
  SessionContext& context_;
  const std::optional<tls::ServerContext> tls_ = context_.tls;
  ClosableConnection closable_{stream_->socket()};
  OpenConnection open_{stream_->socket()};
  beast::flat_buffer buffer_;
  std::string local_address_;
  std::string client_address_;
};

}  // namespace

bool close_longest_waiting(SessionContext& context) {
  if (context.closable.empty()) return false;
  ClosableConnection& oldest = context.closable.front();
  oldest.unlink();
  error_code ignored;
  (void)oldest.socket.close(ignored);  // what its session waits for fails, and that ends it
  ++context.closed_for_others;
  return true;
}

void close_all(SessionContext& context) {
  error_code ignored;
  for (OpenConnection& each : context.open) (void)each.socket.close(ignored);
}

asio::awaitable<void> serve_connection(asio::ip::tcp::socket socket,
                                       std::shared_ptr<SessionContext> context) {
  Session session{std::move(socket), *context};
  co_await session.run();
}

}  // namespace switchgear::admin
