// Writes YAML that people like to read: blocks, small mappings on one line, quotes where they are needed.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace switchgear::interop {

/// A whole document, without `---`. Any text comes back as it was from a parser of YAML 1.1 or 1.2.
[[nodiscard]] std::string to_yaml(const boost::json::object& document);

/// The shortest text that reads back as the same number.
[[nodiscard]] std::string number_text(double number);

}  // namespace switchgear::interop
