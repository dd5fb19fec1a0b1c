#include "switchgear/http/client/round_trip.hpp"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <limits>
#include <optional>

#include "switchgear/http/ascii.hpp"
#include "switchgear/http/client/gunzip.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head_validator.hpp"

namespace switchgear::http {

namespace asio = boost::asio;

namespace {

// More than a server has reason for, even if it says 102 every few seconds.
constexpr unsigned most_interims = 100;
constexpr std::size_t most_fields = 200;

/// An operation that was cancelled says nothing about the connection: it is over for its caller.
void rethrow_if_cancelled(const boost::system::system_error& thrown) {
  if (thrown.code() == asio::error::operation_aborted) throw boost::system::system_error(thrown);
}

[[nodiscard]] bool is_gzip(const Headers& headers) noexcept {
  const auto coding = headers.get("Content-Encoding");
  return coding && (equals_lower(*coding, "gzip") || equals_lower(*coding, "x-gzip"));
}

}  // namespace

asio::awaitable<Response> RoundTrip::run() {
  Response response = co_await begin();
  co_await read_body(response);
  finish();
  co_return response;
}

asio::awaitable<Response> RoundTrip::begin() {
  lease_.begin();
  began_ = std::chrono::steady_clock::now();
  co_await send();
  Response response;
  for (unsigned interims = 0; !co_await read_head(response); ++interims) {
    if (interims == most_interims) fail(Errc::malformed, "it sent too many interim responses");
  }
  co_return response;
}

asio::awaitable<bool> RoundTrip::read_piece(std::string& into) {
  if (ended_) co_return false;
  ReadBuffer& buffer = lease_.buffer();
  for (bool ended = false;;) {
    switch (body_.next(buffer, ended)) {
      case BodyReader::State::content: {
        const std::size_t size = body_.content();
        into.append(buffer.view().substr(0, size));
        body_.used(buffer, size);
        co_return true;
      }
      case BodyReader::State::done:
        finish();
        co_return false;
      case BodyReader::State::broken:
        fail(Errc::malformed, "the chunks of its answer are malformed");
      case BodyReader::State::truncated:
        fail(Errc::truncated, "it broke off its answer");
      case BodyReader::State::more:
        break;
    }
    ended = co_await receive_body();
  }
}

/// The connection is good for another request when both messages are complete and the server is willing.
void RoundTrip::finish() noexcept {
  ended_ = true;
  if (!persistent_ || !sent_all_) return;
  body_.finish(lease_.buffer());
  if (lease_.buffer().empty()) lease_.give_back();
}

/// A server that stops listening may have answered before: that is for the reader to find out.
asio::awaitable<void> RoundTrip::send() {
  const Transport::Pieces pieces{asio::buffer(wire_.head),
                                 wire_.body ? asio::buffer(*wire_.body) : asio::const_buffer()};
  try {
    co_await lease_.transport().write(pieces);
    sent_all_ = true;
  } catch (const boost::system::system_error& thrown) {
    rethrow_if_cancelled(thrown);
  }
}

asio::awaitable<RoundTrip::Read> RoundTrip::receive() {
  ReadBuffer& buffer = lease_.buffer();
  const asio::mutable_buffer space(buffer.space(), buffer.space_size());
  try {
    const std::size_t size = co_await lease_.transport().read_some(space);
    buffer.commit(size);
    touched_ = true;
    co_return Read::bytes;
  } catch (const TlsRefused& refused) {
    // With TLS 1.3 the server judges the client's certificate when the client takes the handshake for done.
    if (!touched_) fail(Errc::tls, refused.text());
    co_return Read::broken;
  } catch (const boost::system::system_error& thrown) {
    rethrow_if_cancelled(thrown);
    co_return thrown.code() == asio::error::eof ? Read::end : Read::broken;
  }
}

/// True for the final head; false for an interim one.
asio::awaitable<bool> RoundTrip::read_head(Response& response) {
  ReadBuffer& buffer = lease_.buffer();
  HeadValidator validator(HeadKind::response, HeadLimits{wire_.max_head, most_fields, 0});
  while (validator.advance(buffer.view()) != HeadValidator::Progress::complete) {
    if (validator.error() == HeadError::too_large || validator.error() == HeadError::too_many_fields)
      fail(Errc::head_too_large, to_string(validator.error()));
    if (validator.error() != HeadError::none) fail(Errc::malformed, to_string(validator.error()));
    if (buffer.space_size() == 0 && !buffer.compact())
      buffer.grow(std::max(buffer.capacity() * 2, BlockPool::block_size));
    if (co_await receive() == Read::bytes) continue;
    fail(Errc::closed, touched_ ? "it closed the connection within the head of its answer"
                                : "it closed the connection without an answer");
  }
  const Head head = validator.head();
  if (head.status == 101) fail(Errc::malformed, "it switched protocols unasked");
  if (head.status < 200) {
    buffer.consume(head.size);
    co_return false;
  }
  response.status = head.status;
  FieldList fields;
  fields.split_response(buffer.view().substr(0, head.size), head);
  for (const Field& field : fields) response.headers.add(field.name, field.value);
  body_.start_response(head, wire_.to_head);
  status_ = head.status;
  persistent_ = head.persistent() && body_.framing() != BodyReader::Framing::until_end &&
                !announces_what_it_must_not_have(head);
  buffer.consume(head.size);
  co_return true;
}

asio::awaitable<void> RoundTrip::read_body(Response& response) {
  ReadBuffer& buffer = lease_.buffer();
  const std::string most = std::to_string(wire_.max_body) + " bytes";
  if (body_.left() > wire_.max_body) fail(Errc::body_too_large, "its answer is longer than " + most);
  std::optional<Gunzip> gunzip;
  const bool decodes =
      wire_.decodes && is_gzip(response.headers) && body_.framing() != BodyReader::Framing::none;
  if (decodes) gunzip.emplace(response.body, wire_.max_body);
  bool ended = false;
  for (;;) {
    switch (body_.next(buffer, ended)) {
      case BodyReader::State::content: {
        const std::string_view content = buffer.view().substr(0, body_.content());
        if (body_.total() > wire_.max_body) fail(Errc::body_too_large, "its answer is longer than " + most);
        if (gunzip) {
          const Gunzip::State state = gunzip->add(content);
          if (state == Gunzip::State::too_large)
            fail(Errc::body_too_large, "its answer is decoded longer than " + most);
          if (state == Gunzip::State::broken) fail(Errc::bad_coding, "its answer is not gzip as it says");
        } else {
          response.body.append(content);
        }
        body_.used(buffer, content.size());
        continue;
      }
      case BodyReader::State::done:
        if (gunzip) {
          if (!gunzip->whole()) fail(Errc::bad_coding, "the gzip data of its answer is cut short");
          response.headers.erase("Content-Encoding");
          response.headers.erase("Content-Length");
        }
        co_return;
      case BodyReader::State::broken:
        fail(Errc::malformed, "the chunks of its answer are malformed");
      case BodyReader::State::truncated:
        fail(Errc::truncated, "it broke off its answer");
      case BodyReader::State::more:
        break;
    }
    ended = co_await receive_body();
  }
}

asio::awaitable<bool> RoundTrip::receive_body() {
  ReadBuffer& buffer = lease_.buffer();
  if (buffer.space_size() == 0 && !buffer.compact()) buffer.grow(BlockPool::block_size);
  const Read read = co_await receive();
  if (read == Read::broken) fail(Errc::truncated, "it broke off its answer");
  co_return read == Read::end;
}

void RoundTrip::fail(Errc code, std::string_view why) const {
  throw Error(code, wire_.origin + ": " + std::string(why), status_);
}

}  // namespace switchgear::http
