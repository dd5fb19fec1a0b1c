#include "switchgear/a2a/sse_reader.hpp"

#include <utility>

namespace switchgear::a2a {

void SseReader::add(std::string_view bytes) {
  bytes_.erase(0, at_);
  at_ = 0;
  bytes_.append(bytes);
}

std::optional<std::string> SseReader::next() {
  while (!too_large_) {
    if (after_cr_ && at_ < bytes_.size()) {
      if (bytes_[at_] == '\n') ++at_;
      after_cr_ = false;
    }
    const std::string_view rest = std::string_view(bytes_).substr(at_);
    const std::size_t end = rest.find_first_of("\r\n");
    if (end == std::string_view::npos) {
      too_large_ = rest.size() > most_;
      return std::nullopt;
    }
    std::string_view line = rest.substr(0, end);
    after_cr_ = rest[end] == '\r';
    at_ += end + 1;
    if (!std::exchange(begun_, true) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    if (!line.empty()) {
      take_line(line);
    } else if (std::exchange(has_data_, false)) {
      return std::exchange(data_, {});
    }
  }
  return std::nullopt;
}

void SseReader::take_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (line.substr(0, colon) != "data") return;
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (std::exchange(has_data_, true)) data_ += '\n';
  data_ += value;
  too_large_ = data_.size() > most_;
}

}  // namespace switchgear::a2a
