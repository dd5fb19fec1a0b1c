#include "app/lab/input.hpp"

#include <cerrno>
#include <filesystem>
#include <ostream>
#include <streambuf>
#include <system_error>

namespace switchgear::lab {

namespace {

std::string cannot_be_read(const std::error_code& why) { return "cannot be read: " + why.message(); }

LineRead read_from(std::streambuf& buffer, std::string& text, std::size_t most) {
  using Traits = std::streambuf::traits_type;
  text.clear();
  bool too_long = false;
  bool empty = true;
  for (;;) {
    const auto byte = buffer.sbumpc();
    const bool ended = Traits::eq_int_type(byte, Traits::eof());
    if (ended || Traits::to_char_type(byte) == '\n') {
      if (too_long) return LineRead::too_long;
      return ended && empty ? LineRead::end : LineRead::line;
    }
    empty = false;
    too_long |= text.size() == most;
    if (!too_long) text += Traits::to_char_type(byte);
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
  try {
    return read_from(*input.rdbuf(), text, most);
  } catch (const std::ios_base::failure& failed) {
    throw InputError(cannot_be_read(failed.code()));
  }
}

}  // namespace switchgear::lab
