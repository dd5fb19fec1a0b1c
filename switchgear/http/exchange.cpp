#include "switchgear/http/exchange.hpp"

namespace switchgear::http {

void Exchange::begin(Lease lease, bool to_head) noexcept {
  lease_ = std::move(lease);
  to_head_ = to_head;
  touched_ = persistent_ = false;
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

void Exchange::accept_head() noexcept {
  const Head& head = validator_.head();
  const std::size_t size = head.size;
  if (head.status >= 200) {
    body_.start_response(head, to_head_);
    persistent_ = head.persistent() && body_.framing() != BodyReader::Framing::until_end;
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
    lease_.give_back();
  } else {
    lease_.drop();
  }
  request_.clear();
}

void Exchange::abandon() noexcept {
  lease_.drop();
  request_.clear();
  validator_.reset();  // of a head that was not accepted
}

}  // namespace switchgear::http
