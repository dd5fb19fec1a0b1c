#include "switchgear/config/source_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "switchgear/core/utf8.hpp"

namespace switchgear::config {

namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

/// Opening a pipe waits for its writer, and a signal breaks that off.
int open_to_read(const std::string& path, int flags) {
  int number = -1;
  do number = ::open(path.c_str(), flags);
  while (number < 0 && errno == EINTR);
  return number;
}

ReadResult unreadable() {
  return {std::nullopt, "cannot be read: " + std::error_code(errno, std::generic_category()).message()};
}

ReadResult read_all(int descriptor, std::size_t limit) {
  std::string bytes;
  std::array<char, std::size_t{16} * 1024> block{};
  while (bytes.size() <= limit) {
    const ssize_t got = ::read(descriptor, block.data(), std::min(block.size(), limit + 1 - bytes.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable();
    if (got == 0) return {std::move(bytes), {}};
    bytes.append(block.data(), static_cast<std::size_t>(got));
  }
  return {std::nullopt, "is larger than " + std::to_string(limit) + " bytes"};
}

ReadResult read_some(const std::string& path, std::size_t limit, FileKind kind) {
  if (path.empty() || path.find('\0') != std::string::npos) return {std::nullopt, "is not a file name"};
  const Descriptor file(
      open_to_read(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (kind == FileKind::regular ? O_NONBLOCK : 0)));
  if (file.number() < 0) return unreadable();
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return unreadable();
  if (S_ISDIR(status.st_mode)) return {std::nullopt, "is a directory; expected a file"};
  if (kind == FileKind::regular && !S_ISREG(status.st_mode)) return {std::nullopt, "is not a regular file"};
  return read_all(file.number(), limit);
}

}  // namespace

ReadResult read_standard_input(std::size_t limit) { return read_all(STDIN_FILENO, limit); }

ReadResult read_file(const std::string& path, std::size_t limit, FileKind kind) {
  return read_some(path, limit, kind);
}

ReadResult read_secret(const std::string& path, std::size_t limit) {
  ReadResult result = read_some(path, limit, FileKind::regular);
  if (result.bytes && result.bytes->ends_with('\n')) {
    result.bytes->pop_back();
    if (result.bytes->ends_with('\r')) result.bytes->pop_back();
  }
  return result;
}

bool is_same_file(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  std::error_code missing;
  if (fs::equivalent(a, b, missing)) return true;
  std::error_code odd;
  const auto whole = [&odd](const std::string& name) {
    return fs::weakly_canonical(fs::absolute(name, odd), odd);
  };
  return whole(a) == whole(b) && !odd;
}

std::optional<BadText> find_bad_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\0') return BadText{at, "a NUL byte"};
    const std::size_t length = utf8_length(text.substr(at));
    if (length == 0) return BadText{at, "a byte that is not UTF-8"};
    at += length;
  }
  return std::nullopt;
}

Mark mark_of(std::string_view text, std::size_t offset) {
  Mark mark;
  for (const char letter : text.substr(0, offset)) {
    if (letter == '\n') {
      ++mark.line;
      mark.column = 1;
    } else if ((static_cast<unsigned char>(letter) & 0xC0U) != 0x80U) {
      ++mark.column;
    }
  }
  return mark;
}

}  // namespace switchgear::config
