#include "switchgear/a2a/json/parse.hpp"

#include <boost/json/stream_parser.hpp>
#include <cstddef>
#include <string>

#include "switchgear/a2a/json/malformed.hpp"

namespace switchgear::a2a::wire {

boost::json::value parse_json(std::string_view text) {
  boost::json::stream_parser parser;
  boost::system::error_code error;
  const std::size_t read = parser.write_some(text.data(), text.size(), error);
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (!error) return parser.release();
  throw Malformed("is not JSON: " + error.message() + " at byte " + std::to_string(read));
}

}  // namespace switchgear::a2a::wire
