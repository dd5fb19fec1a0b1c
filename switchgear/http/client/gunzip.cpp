#include "switchgear/http/client/gunzip.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace switchgear::http {

Gunzip::Gunzip(std::string& out, std::size_t most) : out_(out), most_(most) {
  constexpr int gzip_only = 15 + 16;
  if (::inflateInit2(&zlib_, gzip_only) != Z_OK) throw std::bad_alloc();
}

Gunzip::~Gunzip() { ::inflateEnd(&zlib_); }

Gunzip::State Gunzip::add(std::string_view coded) {
  std::array<char, std::size_t{16} * 1024> decoded;
  zlib_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  zlib_.avail_in = static_cast<uInt>(coded.size());
  // Once more when the output was full: zlib may hold back what it has decoded already.
  do {
    if (between_members_ && zlib_.avail_in != 0) {
      between_members_ = false;
      if (::inflateReset(&zlib_) != Z_OK) return State::broken;
    }
    zlib_.next_out = reinterpret_cast<Bytef*>(decoded.data());
    zlib_.avail_out = static_cast<uInt>(decoded.size());
    const int status = ::inflate(&zlib_, Z_NO_FLUSH);
    const std::size_t size = decoded.size() - zlib_.avail_out;
    if (size > most_ - out_.size()) return State::too_large;
    out_.append(decoded.data(), size);
    if (status == Z_STREAM_END) {
      between_members_ = true;
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return State::broken;
    }
  } while (zlib_.avail_in != 0 || zlib_.avail_out == 0);
  return State::ok;
}

}  // namespace switchgear::http
