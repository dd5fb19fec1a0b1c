#include "app/otlp/gzip.hpp"

#include <array>
#include <new>
#include <thread>
#include <utility>

namespace switchgear::otlp {

namespace {

constexpr std::size_t piece_size = std::size_t{16} * 1024;  // about 100 µs

}  // namespace

Gzip::Gzip() {
  // 64 KiB in all, so that a worker on this processor finds most of its cache as it left it. Spans are alike
  // and about 1 kB long: what repeats is near.
  constexpr int window = 13;
  constexpr int gzip_format = 16;
  constexpr int memory = 6;
  if (::deflateInit2(&zlib_, Z_BEST_SPEED, Z_DEFLATED, gzip_format + window, memory, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc();
}

Gzip::~Gzip() { ::deflateEnd(&zlib_); }

void Gzip::begin() {
  (void)::deflateReset(&zlib_);
  coded_.clear();
}

void Gzip::write(std::string_view text) {
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, piece_size);
    text.remove_prefix(piece.size());
    code(piece, Z_NO_FLUSH);
    std::this_thread::yield();
  }
}

std::string Gzip::finish() {
  code({}, Z_FINISH);
  return std::exchange(coded_, {});
}

void Gzip::code(std::string_view piece, int flush) {
  std::array<char, 4096> out;
  zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  zlib_.avail_in = static_cast<uInt>(piece.size());
  do {
    zlib_.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib_.avail_out = static_cast<uInt>(out.size());
    (void)::deflate(&zlib_, flush);
    coded_.append(out.data(), out.size() - zlib_.avail_out);
  } while (zlib_.avail_out == 0);
}

}  // namespace switchgear::otlp
