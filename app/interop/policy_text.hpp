// Texts of a policy file.
#pragma once

#include <string>
#include <string_view>

namespace switchgear::interop {

/// A path as routes see it, in percent-encoding.
[[nodiscard]] std::string encoded_path(std::string_view path);

}  // namespace switchgear::interop
