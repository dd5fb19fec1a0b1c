#include "switchgear/http/body_reader.hpp"

#include <algorithm>

namespace switchgear::http {

void BodyReader::begin(Framing framing, std::uint64_t length) noexcept {
  framing_ = framing;
  decoded_all_ = false;
  left_ = length;
  total_ = 0;
  content_ = gap_ = trailers_at_ = 0;
}

void BodyReader::begin_chunked(const Head& head) noexcept {
  begin(Framing::chunked, 0);
  chunks_ = ChunkedDecoder{};
  drops_trailers_ = head.names_fields();
}

void BodyReader::start_request(const Head& head) noexcept {
  if (head.chunked) {
    begin_chunked(head);
  } else {
    const std::uint64_t length = head.content_length.value_or(0);
    begin(length == 0 ? Framing::none : Framing::length, length);
  }
}

void BodyReader::start_response(const Head& head, bool to_head) noexcept {
  if (to_head || head.status < 200 || head.status == 204 || head.status == 304) {
    begin(Framing::none, 0);
  } else if (head.chunked) {
    begin_chunked(head);
  } else if (head.content_length) {
    begin(*head.content_length == 0 ? Framing::none : Framing::length, *head.content_length);
  } else {
    begin(Framing::until_end, 0);
  }
}

BodyReader::State BodyReader::next(ReadBuffer& buffer, bool ended) noexcept {
  if (content_ != 0) return State::content;
  if (gap_ != 0 && !decoded_all_) {
    buffer.consume(gap_);
    gap_ = 0;
  }
  return find(buffer.data(), buffer.size(), ended);
}

BodyReader::State BodyReader::find(char* bytes, std::size_t size, bool ended) noexcept {
  switch (framing_) {
    case Framing::none:
      return State::done;
    case Framing::length:
      if (left_ == 0) return State::done;
      content_ = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
      break;
    case Framing::until_end:
      content_ = size;
      if (content_ == 0 && ended) return State::done;
      break;
    case Framing::chunked: {
      if (decoded_all_) return State::done;
      const ChunkedDecoder::Step step = chunks_.decode(bytes, size);
      if (step.state == ChunkedDecoder::State::broken) return State::broken;
      content_ = step.payload;
      gap_ = step.consumed - step.payload;
      if (step.state == ChunkedDecoder::State::done) {
        decoded_all_ = true;
        trailers_at_ = chunks_.trailers_at();
        total_ += content_;
        return content_ == 0 ? State::done : State::content;
      }
      break;
    }
  }
  total_ += content_;
  if (content_ != 0) return State::content;
  return ended ? State::truncated : State::more;
}

bool BodyReader::may_lack(std::string_view bytes) const noexcept {
  if (framing_ == Framing::length) return bytes.size() < left_;
  return framing_ == Framing::chunked && !bytes.ends_with("\r\n\r\n");
}

void BodyReader::used(ReadBuffer& buffer, std::size_t size) noexcept {
  content_ -= size;
  if (framing_ == Framing::length) left_ -= size;
  if (framing_ == Framing::chunked && decoded_all_) {
    trailers_at_ -= size;
    // The trailers stand behind the content: ReadBuffer forgets nothing while they are there.
  }
  buffer.consume(size);
}

bool BodyReader::is_last() const noexcept {
  switch (framing_) {
    case Framing::length:
      return content_ == left_;
    case Framing::chunked:
      return decoded_all_;
    case Framing::none:
      return true;
    case Framing::until_end:
      return false;
  }
  return false;
}

std::string_view BodyReader::trailers(ReadBuffer& buffer) const noexcept {
  if (framing_ != Framing::chunked || !decoded_all_ || drops_trailers_) return {};
  return buffer.view().substr(trailers_at_, chunks_.trailers().size - 2);
}

void BodyReader::finish(ReadBuffer& buffer) noexcept {
  buffer.consume(gap_);
  gap_ = 0;
}

}  // namespace switchgear::http
