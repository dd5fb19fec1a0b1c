// One request as it goes over the wire, and the bounds of its answer.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace switchgear::http {

/// What goes over the wire, and what may come back.
struct Wire {
  std::string head;                         ///< with the empty line at its end
  std::shared_ptr<const std::string> body;  ///< may be null
  std::string origin;                       ///< for messages
  bool to_head = false;                     ///< the answer has no body, whatever it says
  bool decodes = true;                      ///< a body in gzip is decoded
  std::size_t max_head = 0;
  std::size_t max_body = 0;
};

}  // namespace switchgear::http
