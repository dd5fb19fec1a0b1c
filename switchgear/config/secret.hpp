// A secret of the file: written there, or in a file of its own.
#pragma once

#include <optional>
#include <string>

#include "switchgear/config/section.hpp"

namespace switchgear::config {

/// Reads a token: visible ASCII without spaces, or `file:PATH`, relative to `directory`. Nothing that is
/// wrong with it is ever quoted.
struct Secret {
  const std::string& directory;
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const;
};

}  // namespace switchgear::config
