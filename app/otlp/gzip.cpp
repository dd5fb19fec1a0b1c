#include "app/otlp/gzip.hpp"

#include <zlib.h>

#include <new>
#include <thread>

namespace switchgear::otlp {

std::string gzipped(std::string_view text) {
  constexpr int gzip_format = 15 + 16;
  constexpr int usual_memory = 8;
  constexpr std::size_t piece_size = std::size_t{16} * 1024;
  z_stream zlib{};
  if (::deflateInit2(&zlib, Z_BEST_SPEED, Z_DEFLATED, gzip_format, usual_memory, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
  std::string coded(::deflateBound(&zlib, static_cast<uLong>(text.size())), '\0');
  zlib.next_out = reinterpret_cast<Bytef*>(coded.data());
  zlib.avail_out = static_cast<uInt>(coded.size());
  do {
    const std::string_view piece = text.substr(0, piece_size);
    text.remove_prefix(piece.size());
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    zlib.avail_in = static_cast<uInt>(piece.size());
    (void)::deflate(&zlib, text.empty() ? Z_FINISH : Z_NO_FLUSH);  // the bound leaves room for all of it
    std::this_thread::yield();
  } while (!text.empty());
  coded.resize(zlib.total_out);
  ::deflateEnd(&zlib);
  return coded;
}

}  // namespace switchgear::otlp
