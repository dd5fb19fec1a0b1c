#include "app/gateway/service/stored_answer.hpp"

#include <utility>

#include "app/gateway/heads/forwarding.hpp"
#include "app/gateway/heads/storing_rules.hpp"

namespace switchgear::gateway {

std::size_t bytes_of(const StoredAnswer& answer) noexcept {
  // Beside the strings: the content with its count of references, and what the heap adds to each piece.
  constexpr std::size_t beside = sizeof(StoredAnswer) + sizeof(StoredAnswer::Content) + 80;
  return beside + answer->reason.capacity() + answer->fields.capacity() + answer->body.capacity();
}

void ResponseCopy::begin(const http::Head& head, const http::FieldList& fields, std::size_t most) {
  content_.status = head.status;
  content_.reason.assign(fields.reason());
  content_.fields.clear();
  content_.body.clear();
  content_.length = head.content_length;
  content_.age = age_of(fields);
  content_.usable = usable_in_place_of_a_failure(fields);
  write_kept_fields(content_.fields, fields);
  most_ = most;
  running_ = true;
}

void ResponseCopy::stop() noexcept {
  running_ = false;
  content_ = {};
}

bool ResponseCopy::append(std::string_view content) {
  if (content_.body.size() + content.size() > most_) {
    stop();
    return false;
  }
  content_.body.append(content);
  return true;
}

std::optional<StoredAnswer> ResponseCopy::finish(std::string_view last_content) {
  if (!running_ || !append(last_content)) return std::nullopt;
  running_ = false;
  content_.fields.shrink_to_fit();
  content_.body.shrink_to_fit();  // a body that came in pieces may hold twice its size
  return StoredAnswer{std::exchange(content_, {})};
}

}  // namespace switchgear::gateway
