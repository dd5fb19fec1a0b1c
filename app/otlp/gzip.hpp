// Content-Encoding: gzip.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

namespace switchgear::otlp {

/// Codes one text after another, each given in pieces. Fast rather than small: JSON shrinks to a tenth either
/// way. Yields the processor often: a worker that shares it would else wait for milliseconds. Threads: one.
class Gzip {
 public:
  /// Throws std::bad_alloc.
  Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip();

  /// Forgets what was written, if anything was.
  void begin();
  void write(std::string_view text);
  /// The whole of what was written since begin(), coded.
  [[nodiscard]] std::string finish();

 private:
  void code(std::string_view piece, int flush);

  z_stream zlib_{};
  std::string coded_;
};

}  // namespace switchgear::otlp
