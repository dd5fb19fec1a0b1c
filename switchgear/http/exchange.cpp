#include "switchgear/http/exchange.hpp"

#include <utility>

namespace switchgear::http {

namespace {
constexpr std::size_t worth_keeping = 4096;
}  // namespace

void Exchange::begin(Lease lease, bool to_head) noexcept {
  lease_ = std::move(lease);
  to_head_ = to_head;
  touched_ = persistent_ = looked_ahead_ = false;
}

Exchange::Read Exchange::read_head() {
  ReadBuffer& buffer = stream().buffer();
  for (;;) {
    if (!buffer.empty()) {
      touched_ = true;
      switch (validator_.advance(buffer.view())) {
        case HeadValidator::Progress::complete:
          return Read::head;
        case HeadValidator::Progress::refused:
          return Read::malformed;
        case HeadValidator::Progress::need_more:
          break;
      }
      if (buffer.space_size() == 0 && !buffer.compact()) buffer.grow(limits_.bytes + 1);
    }
    IoStatus status = stream().receive();
    // Doubt that is left from the response before is not a reason to check: a connection that has ended since
    // says so by itself.
    if (status == IoStatus::would_block && touched_ && stream().doubt()) status = stream().receive();
    switch (status) {
      case IoStatus::ok:
        break;
      case IoStatus::would_block:
        return Read::wait;
      case IoStatus::end:
      case IoStatus::broken:
        return Read::closed;
    }
  }
}

/// A body that is not whole is read once more first: its reader would do so next in any case, but when a part
/// of it has been passed on already.
Exchange::Ahead Exchange::look_ahead() noexcept {
  looked_ahead_ = true;
  body_.start_response(head(), to_head_);
  ReadBuffer& buffer = stream().buffer();
  bool ended = stream().ended();
  while (!ended && body_.may_lack(behind_head()) && buffer.space_size() != 0) {
    IoStatus status = stream().receive();
    if (status == IoStatus::would_block && stream().doubt()) status = stream().receive();
    if (status == IoStatus::would_block) break;
    ended = status != IoStatus::ok;
  }
  switch (body_.look_ahead(buffer, head().size, ended)) {
    case BodyReader::State::content:
      return body_.is_cut_short(ended) ? Ahead::cut_short : Ahead::sound;
    case BodyReader::State::more:
    case BodyReader::State::done:
      return Ahead::sound;
    case BodyReader::State::truncated:
      return Ahead::cut_short;
    case BodyReader::State::broken:
      break;
  }
  return Ahead::malformed;
}

Exchange::Held Exchange::hold_body(std::size_t most) {
  ReadBuffer& buffer = stream().buffer();
  for (;;) {
    const bool ended = stream().ended();
    if (is_all_here(ended)) return Held::whole;
    if (ended || dechunked_.broken) return Held::ended;
    if (behind_head().size() > most || head().content_length.value_or(0) > most) return Held::too_long;
    if (buffer.space_size() == 0 && !buffer.compact()) buffer.grow(buffer.capacity() * 2);
    IoStatus status = stream().receive();
    if (status == IoStatus::would_block && stream().doubt()) status = stream().receive();
    (void)validator_.advance(buffer.view().substr(0, head().size));  // it may have moved
    if (status == IoStatus::would_block) return Held::wait;
    if (status != IoStatus::ok) return is_all_here(true) ? Held::whole : Held::ended;
  }
}

bool Exchange::is_all_here(bool ended) {
  const std::string_view content = behind_head();
  if (to_head_ || head().status == 204 || head().status == 304) return true;
  if (!head().chunked) return head().content_length ? content.size() >= *head().content_length : ended;
  return dechunked_.takes_all(content);
}

/// `bytes`: all that has come. What is new is decoded behind the content so far; what cannot be decoded yet,
/// at most a line or the trailers, is presented again with more behind it.
bool Exchange::Dechunked::takes_all(std::string_view bytes) {
  if (whole || broken) return whole;
  text.append(bytes.substr(seen));
  seen = bytes.size();
  std::size_t from = size;
  for (;;) {
    const ChunkedDecoder::Step step = decoder.decode(text.data() + from, text.size() - from);
    if (step.payload != 0 && size != from) text.replace(size, step.payload, text, from, step.payload);
    size += step.payload;
    from += step.consumed;
    whole = step.state == ChunkedDecoder::State::done;
    broken = step.state == ChunkedDecoder::State::broken;
    if (whole || broken || step.consumed == 0) break;
  }
  if (whole) from = text.size();
  text.erase(size, from - size);
  return whole;
}

void Exchange::Dechunked::forget() noexcept {
  if (seen == 0) return;  // not used, as for most
  decoder = {};
  if (text.capacity() > worth_keeping) std::string().swap(text);
  text.clear();
  size = seen = 0;
  whole = broken = false;
}

std::string_view Exchange::held_content() noexcept {
  if (to_head_ || head().status == 204 || head().status == 304) return {};
  if (head().chunked) return dechunked_.text;
  return behind_head().substr(0, head().content_length.value_or(behind_head().size()));
}

void Exchange::accept_head() noexcept {
  const Head& head = validator_.head();
  const std::size_t size = head.size;
  if (head.status >= 200) {
    if (!std::exchange(looked_ahead_, false)) body_.start_response(head, to_head_);
    may_not_have_body_ = to_head_ || head.status == 204 || head.status == 304;
    persistent_ = head.persistent() && body_.framing() != BodyReader::Framing::until_end &&
                  !announces_what_it_must_not_have(head);
  }
  stream().buffer().consume(size);
  validator_.reset();
}

IoStatus Exchange::read_more() {
  ReadBuffer& buffer = stream().buffer();
  if (buffer.space_size() == 0 && !buffer.compact()) {
    if (buffer.capacity() >= BlockPool::block_size) return IoStatus::would_block;
    buffer.grow(BlockPool::block_size);
  }
  const IoStatus status = stream().receive();
  if (status == IoStatus::would_block && stream().doubt()) return stream().receive();
  return status;
}

void Exchange::finish(bool request_complete) noexcept {
  if (!active()) return;
  if (persistent_ && request_complete) {
    body_.finish(stream().buffer());
    may_not_have_body_ ? lease_.give_back_in_doubt() : lease_.give_back();
  } else {
    lease_.drop();
  }
  request_.clear();
  dechunked_.forget();
}

void Exchange::abandon() noexcept {
  lease_.drop();
  request_.clear();
  dechunked_.forget();
  validator_.reset();  // of a head that was not accepted
}

}  // namespace switchgear::http
