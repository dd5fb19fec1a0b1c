#include "app/lab/input.hpp"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <new>
#include <ostream>
#include <streambuf>
#include <system_error>
#include <utility>

namespace switchgear::lab {

namespace {

std::string cannot_be_read(const std::error_code& why) { return "cannot be read: " + why.message(); }

using Traits = std::streambuf::traits_type;

/// RFC 1952: one or more members, as `cat a.gz b.gz` makes them.
class GzipBuffer : public std::streambuf {
 public:
  explicit GzipBuffer(std::streambuf& coded) : coded_(coded) {
    constexpr int gzip_only = 15 + 16;
    if (::inflateInit2(&zlib_, gzip_only) != Z_OK) throw std::bad_alloc();
  }
  GzipBuffer(const GzipBuffer&) = delete;
  GzipBuffer& operator=(const GzipBuffer&) = delete;
  ~GzipBuffer() override { ::inflateEnd(&zlib_); }

 protected:
  int_type underflow() override {
    while (!broken_) {
      if (zlib_.avail_in == 0 && !refill()) return end();
      if (between_members_) begin_member();
      zlib_.next_out = reinterpret_cast<Bytef*>(plain_.data());
      zlib_.avail_out = static_cast<uInt>(plain_.size());
      const int status = ::inflate(&zlib_, Z_NO_FLUSH);
      between_members_ = status == Z_STREAM_END;
      broken_ = !between_members_ && status != Z_OK && status != Z_BUF_ERROR;
      const std::size_t size = plain_.size() - zlib_.avail_out;
      if (size == 0) continue;
      setg(plain_.data(), plain_.data(), plain_.data() + size);
      return Traits::to_int_type(plain_.front());
    }
    throw InputError("is damaged gzip from here on");
  }

 private:
  bool refill() {
    const auto read = coded_.sgetn(raw_.data(), static_cast<std::streamsize>(raw_.size()));
    zlib_.next_in = reinterpret_cast<Bytef*>(raw_.data());
    zlib_.avail_in = static_cast<uInt>(read);
    return read > 0;
  }
  int_type end() {
    if (!between_members_) throw InputError("is gzip that is cut off here");
    return Traits::eof();
  }
  void begin_member() {
    between_members_ = false;
    ::inflateReset(&zlib_);
  }

  std::streambuf& coded_;
  z_stream zlib_{};
  std::array<char, std::size_t{64} * 1024> raw_;
  std::array<char, std::size_t{64} * 1024> plain_;
  bool between_members_ = true, broken_ = false;
};

class GzipInput : public std::istream {
 public:
  explicit GzipInput(std::unique_ptr<std::istream> coded)
      : std::istream(nullptr), coded_(std::move(coded)), buffer_(*coded_->rdbuf()) {
    rdbuf(&buffer_);
  }

 private:
  std::unique_ptr<std::istream> coded_;
  GzipBuffer buffer_;
};

bool begins_as_gzip(std::istream& file) {
  try {
    std::array<char, 2> first{};
    const auto read = file.rdbuf()->sgetn(first.data(), first.size());
    file.rdbuf()->pubseekpos(0, std::ios::in);
    return read == 2 && first[0] == '\x1f' && first[1] == '\x8b';
  } catch (const std::ios_base::failure&) {
    return false;  // the first line says why it cannot be read
  }
}

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

std::unique_ptr<std::istream> open_input(const std::string& path, std::ostream& err) {
  std::error_code unknown;
  if (std::filesystem::is_directory(path, unknown)) {
    err << path << ": is a directory; expected a file\n";
    return nullptr;
  }
  errno = 0;
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    err << path << ": " << cannot_be_read({errno, std::generic_category()}) << '\n';
    return nullptr;
  }
  // A pipe is not read ahead of: it may have nothing yet.
  if (std::filesystem::is_regular_file(path, unknown) && begins_as_gzip(*file))
    return std::make_unique<GzipInput>(std::move(file));
  return file;
}

LineRead read_line(std::istream& input, std::string& text, std::size_t most) {
  return with_errors_told([&] { return read_from(*input.rdbuf(), text, most); });
}

bool skip_line(std::istream& input, std::size_t most) {
  return with_errors_told([&] { return skip_in(*input.rdbuf(), most); });
}

}  // namespace switchgear::lab
