// The strict check of heads: the same verdict whether a block arrives at once or byte by byte, and views that
// stay inside.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "switchgear/http/head_validator.hpp"

namespace {

using switchgear::http::HeadError;
using switchgear::http::HeadKind;
using switchgear::http::HeadLimits;
using switchgear::http::HeadValidator;
using Progress = HeadValidator::Progress;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_inside(std::string_view block, std::string_view view) {
  if (view.empty()) return;
  require(view.data() >= block.data() && view.data() + view.size() <= block.data() + block.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr HeadKind kinds[] = {HeadKind::request, HeadKind::response, HeadKind::trailers};
  const HeadKind kind = kinds[data[0] % 3];
  const HeadLimits limits{.bytes = 2048, .fields = 20, .target = 256};
  const std::string block(reinterpret_cast<const char*>(data) + 1, size - 1);

  HeadValidator at_once{kind, limits};
  const Progress whole = at_once.advance(block);
  HeadValidator by_bytes{kind, limits};
  Progress pieces = Progress::need_more;
  for (std::size_t seen = 1; seen <= block.size() && pieces == Progress::need_more; ++seen) {
    pieces = by_bytes.advance(std::string_view(block).substr(0, seen));
  }
  require(whole == pieces);
  if (whole == Progress::refused) {
    require(at_once.error() != HeadError::none);
    // Which error is named first may depend on the pace: garbage is refused before its line has ended.
    require(by_bytes.error() != HeadError::none);
  }
  if (whole == Progress::complete) {
    require(at_once.error() == HeadError::none);
    require(at_once.head().size == by_bytes.head().size && at_once.head().size <= block.size());
    require(at_once.head().content_length == by_bytes.head().content_length);
    require(at_once.head().chunked == by_bytes.head().chunked);
    require(!(at_once.head().chunked && at_once.head().content_length));
    for (const std::string_view view : {at_once.head().method, at_once.head().target})
      check_inside(block, view);
  }
  return 0;
}
