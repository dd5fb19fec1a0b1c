#include "switchgear/http/chunked.hpp"

#include <algorithm>
#include <cstring>

#include "switchgear/http/ascii.hpp"

namespace switchgear::http {

std::size_t ChunkedDecoder::take_size_line(std::string_view bytes) noexcept {
  const std::string_view window = bytes.substr(0, max_line);
  std::size_t digits = 0;
  std::uint64_t size = 0;
  while (digits < window.size() && detail::is(window[digits], detail::hex_char)) {
    const char c = to_lower(window[digits++]);
    size = size * 16 + static_cast<std::uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    if (digits > 15) return broken_ = true, 0;
  }
  if (digits == window.size() && digits < max_line) return 0;
  // Only an extension or the end of the line may follow; space before the `;` is not in the grammar's strict
  // form.
  if (digits == 0 || (window[digits] != '\r' && window[digits] != ';')) return broken_ = true, 0;
  const std::size_t end = window.find('\n', digits);
  const std::string_view extension =
      window.substr(digits, end == std::string_view::npos ? end : end - digits - 1);
  if (end == std::string_view::npos) {
    const std::string_view seen =
        extension.ends_with('\r') ? extension.substr(0, extension.size() - 1) : extension;
    if (has_control(seen) || window.size() == max_line) broken_ = true;
    return 0;
  }
  if (window[end - 1] != '\r' || has_control(extension)) return broken_ = true, 0;
  extensions_ += extension.size();
  if (extensions_ > max_extensions) return broken_ = true, 0;
  left_ = size;
  return end + 1;
}

ChunkedDecoder::Step ChunkedDecoder::decode(char* bytes, std::size_t size) noexcept {
  Step step;
  const auto broken = [&] {
    broken_ = true;
    step.state = State::broken;
    return step;
  };
  while (!broken_) {
    const std::string_view rest{bytes + step.consumed, size - step.consumed};
    switch (part_) {
      case Part::size_line: {
        const std::size_t line = take_size_line(rest);
        if (broken_) return broken();
        if (line == 0) return step;
        step.consumed += line;
        part_ = left_ == 0 ? Part::trailers : Part::data;
        break;
      }
      case Part::data: {
        const std::size_t take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
        if (take == 0) return step;
        if (step.payload != step.consumed) std::memmove(bytes + step.payload, rest.data(), take);
        step.payload += take;
        step.consumed += take;
        left_ -= take;
        if (left_ == 0) part_ = Part::data_end;
        break;
      }
      case Part::data_end:
        if (!rest.empty() && rest[0] != '\r') return broken();
        if (rest.size() < 2) return step;
        if (rest[1] != '\n') return broken();
        step.consumed += 2;
        part_ = Part::size_line;
        break;
      case Part::trailers:
        switch (trailers_.advance(rest)) {
          case HeadValidator::Progress::refused:
            return broken();
          case HeadValidator::Progress::need_more:
            return step;
          case HeadValidator::Progress::complete:
            break;
        }
        trailers_at_ = step.consumed;
        step.consumed += trailers_.head().size;
        part_ = Part::over;
        step.state = State::done;
        return step;
      case Part::over:
        step.state = State::done;
        return step;
    }
  }
  return broken();
}

}  // namespace switchgear::http
