#include "switchgear/http/outbox.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace switchgear::http {

namespace {
constexpr std::size_t worth_copying = 2048;  // cheaper to copy than to hand the kernel a second piece

[[nodiscard]] iovec piece(std::string_view bytes) noexcept {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}
}  // namespace

Stream::Sent Outbox::send(Stream& stream, const Content& content) {
  const bool chunked = coding_ == Coding::chunked;
  if (chunked && chunk_left_ == 0 && !content.bytes.empty()) {
    std::array<char, 20> size{};
    const auto end = std::to_chars(size.data(), size.data() + 16, content.bytes.size(), 16).ptr;
    pending_.append(size.data(), end).append("\r\n");
    chunk_left_ = content.bytes.size();
  }
  const std::string_view body = chunked ? content.bytes.substr(0, chunk_left_) : content.bytes;
  const bool closes_chunk = chunked && !body.empty() && body.size() == chunk_left_;
  const bool ends = content.last && !ended_ && body.size() == content.bytes.size();

  // After the content: the end of its chunk, the end of the message.
  std::array<std::string_view, 4> tail{};
  std::size_t tails = 0;
  if (closes_chunk) tail[tails++] = "\r\n";
  if (ends && chunked) {
    tail[tails++] = "0\r\n";
    if (!content.trailers.empty()) tail[tails++] = content.trailers;
    tail[tails++] = "\r\n";
  }

  const std::size_t before = pending_.size();
  std::size_t total = before + body.size();
  std::array<iovec, 6> pieces{};
  std::size_t count = 0;
  if (body.size() + before <= worth_copying) {
    pending_.append(body);
    for (std::size_t i = 0; i < tails; ++i) pending_.append(tail[i]);
    total = pending_.size();
    pieces[count++] = piece(pending_);
  } else {
    if (before != 0) pieces[count++] = piece(pending_);
    if (!body.empty()) pieces[count++] = piece(body);
    for (std::size_t i = 0; i < tails; ++i) {
      pieces[count++] = piece(tail[i]);
      total += tail[i].size();
    }
  }
  const Stream::Sent sent = stream.send({pieces.data(), count});

  const std::size_t content_sent = sent.size <= before ? 0 : std::min(sent.size - before, body.size());
  chunk_left_ -= chunked ? content_sent : 0;
  if (sent.size < before) {
    pending_.resize(before);
    pending_.erase(0, sent.size);
  } else if (content_sent < body.size()) {
    pending_.clear();
  } else {
    // The tail is committed: what is left of it goes out before anything else.
    ended_ = ended_ || ends;
    const std::size_t left = total - sent.size;
    pending_.clear();
    std::size_t skip = sent.size - before - body.size();
    for (std::size_t i = 0; i < tails && left != 0; ++i) {
      const std::size_t cut = std::min(skip, tail[i].size());
      pending_.append(tail[i].substr(cut));
      skip -= cut;
    }
  }
  return {sent.status, content_sent};
}

void Outbox::clear() noexcept {
  pending_.clear();
  if (pending_.capacity() > 1024) pending_.shrink_to_fit();
  chunk_left_ = 0;
  ended_ = true;
}

}  // namespace switchgear::http
