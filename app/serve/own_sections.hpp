// The sections that the binary adds to the policy file: each room of app/ that has one is named here.
#pragma once

#include "switchgear/config/own_sections.hpp"

namespace switchgear::serve {

/// For every command that reads a policy file, so that all accept the same files.
[[nodiscard]] config::OwnSections own_sections();

}  // namespace switchgear::serve
