#include "app/control/event_source.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <utility>

#include "switchgear/http/error.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::control {

namespace asio = boost::asio;
using asio::ip::tcp;

EventSource::EventSource(const asio::any_io_executor& executor, const AdminServer& server)
    : url_(http::Url::parse(server.url).join("/events")),
      server_(server),
      headers_(client_options(server, "text/event-stream").headers),
      resolver_(executor),
      limit_(executor),
      tls_(url_.tls() ? http::tls_context(server.tls()) : nullptr) {}

asio::awaitable<void> EventSource::open() {
  if (transport_) transport_->close();
  buffer_ = std::make_unique<http::ReadBuffer>(blocks_, http::BlockPool::block_size);
  body_ = {};
  events_ = {};
  late_ = ended_ = false;
  co_await connect();
  give_up_after(most_connecting);
  co_await ask();
  give_up_after(most_quiet);
}

asio::awaitable<void> EventSource::connect() {
  const std::string port = std::to_string(url_.port());
  tcp::resolver::results_type found;
  try {
    found = co_await resolver_.async_resolve(url_.host(), port, asio::use_awaitable);
  } catch (const boost::system::system_error& failed) {
    throw StreamLost(failed.code().message());
  }
  std::string why = "the name has no address";
  for (const auto& entry : found) {
    const tcp::endpoint address = entry.endpoint();
    transport_ = url_.tls() ? http::tls_transport(resolver_.get_executor(), *tls_, url_.host())
                            : http::plain_transport(resolver_.get_executor());
    give_up_after(most_connecting);
    try {
      co_await transport_->connect(address);
      co_return;
    } catch (const http::TlsRefused& refused) {
      why = told(http::Error(http::Errc::tls, refused.text()));
    } catch (const boost::system::system_error& failed) {
      why = late_ ? "the connection was not made in time" : failed.code().message();
    }
    late_ = false;
  }
  limit_.cancel();
  throw StreamLost(why);
}

asio::awaitable<void> EventSource::ask() {
  std::string head =
      "GET " + url_.target() + " HTTP/1.1\r\nHost: " + url_.authority() + "\r\nUser-Agent: switchgear\r\n";
  for (const auto& [name, value] : headers_) head.append(name).append(": ").append(value).append("\r\n");
  head += "\r\n";
  const http::Transport::Pieces pieces{asio::buffer(head), asio::const_buffer()};
  try {
    co_await transport_->write(pieces);
  } catch (const boost::system::system_error& failed) {
    throw StreamLost(late_ ? "it did not answer in time" : failed.code().message());
  }
  http::HeadValidator validator(http::HeadKind::response, http::HeadLimits{});
  while (validator.advance(buffer_->view()) != http::HeadValidator::Progress::complete) {
    if (validator.error() != http::HeadError::none)
      throw StreamLost("it did not answer as an admin API does");
    const bool more = co_await receive();
    if (!more) throw StreamLost("it closed the connection without an answer");
  }
  const http::Head answer = validator.head();
  if (answer.status == 503) throw StreamLost("it serves as many event streams as it can");
  if (answer.status == 400 && !url_.tls())
    throw StreamLost("it answered 400; if it serves TLS, use https://");
  if (answer.status == 401) throw StreamRefused("it " + token_problem(server_, Access::read));
  if (answer.status == 404)
    throw StreamLost("it answered 404; is this the address of the health probes, or of a gateway?");
  if (answer.status != 200) throw StreamLost("it answered " + std::to_string(answer.status));
  body_.start_response(answer, false);
  buffer_->consume(answer.size);
}

asio::awaitable<ServerEvent> EventSource::next() {
  for (;;) {
    if (std::optional<ServerEvent> event = events_.take()) co_return *std::move(event);
    switch (body_.next(*buffer_, ended_)) {
      case http::BodyReader::State::content: {
        const std::size_t size = body_.content();
        if (!events_.add(buffer_->view().substr(0, size))) throw StreamLost("it sent too large an event");
        body_.used(*buffer_, size);
        break;
      }
      case http::BodyReader::State::done:
      case http::BodyReader::State::truncated:
        throw StreamLost("it ended the stream");
      case http::BodyReader::State::broken:
        throw StreamLost("it did not answer as an admin API does");
      case http::BodyReader::State::more:
        ended_ = !co_await receive();
    }
  }
}

/// False at the end of what the server sends. Every byte shows that the server is there.
asio::awaitable<bool> EventSource::receive() {
  if (buffer_->space_size() == 0 && !buffer_->compact()) buffer_->grow(buffer_->capacity() * 2);
  const asio::mutable_buffer space(buffer_->space(), buffer_->space_size());
  try {
    const std::size_t size = co_await transport_->read_some(space);
    buffer_->commit(size);
    heard_ = std::chrono::steady_clock::now();
    give_up_after(most_quiet);
    co_return true;
  } catch (const boost::system::system_error& failed) {
    if (late_) throw StreamLost("it is silent");
    const bool ended =
        failed.code() == asio::error::eof || failed.code() == asio::ssl::error::stream_truncated;
    if (!ended) throw StreamLost(failed.code().message());
    co_return false;
  }
}

void EventSource::give_up_after(Duration limit) {
  limit_.expires_after(limit);
  limit_.async_wait([this, transport = transport_](const boost::system::error_code& cancelled) {
    if (cancelled || transport != transport_) return;
    late_ = true;
    transport->close();
  });
}

}  // namespace switchgear::control
