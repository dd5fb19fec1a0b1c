// Files that the lab reads line by line: traces and logs, from a file or standard input, of any size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <stdexcept>
#include <string>

namespace switchgear::lab {

/// A phrase for behind the name of the file: `cannot be read: Input/output error`.
class InputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Null once `err` knows why. A file of gzip is read as what it holds: logs are compressed when they are
/// rotated. One that is damaged or cut off is an InputError where it breaks, after all that could be read.
[[nodiscard]] std::unique_ptr<std::istream> open_input(const std::string& path, std::ostream& err);

enum class LineRead : std::uint8_t {
  line,
  too_long,  ///< its rest is yet to be read
  end,
};

/// The next line, without its end, into `text`; at most `most` bytes of it are held. Not std::getline, which
/// takes a file without line ends into memory whole; nor is such a file read to its end. Throws InputError.
[[nodiscard]] LineRead read_line(std::istream& input, std::string& text, std::size_t most);

/// Leaves out the rest of a line that is too long. False if `most` further bytes do not end it. Throws
/// InputError.
[[nodiscard]] bool skip_line(std::istream& input, std::size_t most);

}  // namespace switchgear::lab
