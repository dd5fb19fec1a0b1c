#include "app/lab/input.hpp"

#include <cerrno>
#include <filesystem>
#include <ostream>
#include <streambuf>
#include <system_error>

namespace switchgear::lab {

namespace {

std::string cannot_be_read(const std::error_code& why) { return "cannot be read: " + why.message(); }

using Traits = std::streambuf::traits_type;

LineRead read_from(std::streambuf& buffer, std::string& text, std::size_t most) {
  text.clear();
  for (;;) {
    const auto byte = buffer.sbumpc();
    if (Traits::eq_int_type(byte, Traits::eof())) return text.empty() ? LineRead::end : LineRead::line;
    if (Traits::to_char_type(byte) == '\n') return LineRead::line;
    if (text.size() == most) return LineRead::too_long;
    text += Traits::to_char_type(byte);
  }
}

bool skip_in(std::streambuf& buffer, std::size_t most) {
  for (std::size_t skipped = 0;; ++skipped) {
    const auto byte = buffer.sbumpc();
    if (Traits::eq_int_type(byte, Traits::eof()) || Traits::to_char_type(byte) == '\n') return true;
    if (skipped == most) return false;
  }
}

template <class Read>
auto with_errors_told(const Read& read) {
  try {
    return read();
  } catch (const std::ios_base::failure& failed) {
    throw InputError(cannot_be_read(failed.code()));
  }
}

}  // namespace

std::optional<std::ifstream> open_input(const std::string& path, std::ostream& err) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    err << path << ": is a directory; expected a file\n";
    return std::nullopt;
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (file) return file;
  err << path << ": " << cannot_be_read({errno, std::generic_category()}) << '\n';
  return std::nullopt;
}

LineRead read_line(std::istream& input, std::string& text, std::size_t most) {
  return with_errors_told([&] { return read_from(*input.rdbuf(), text, most); });
}

bool skip_line(std::istream& input, std::size_t most) {
  return with_errors_told([&] { return skip_in(*input.rdbuf(), most); });
}

}  // namespace switchgear::lab
