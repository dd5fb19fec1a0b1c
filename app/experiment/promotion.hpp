// The change of a policy file that makes the candidate of a split the policy of its service.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "switchgear/config/config.hpp"
#include "switchgear/config/own_sections.hpp"

namespace switchgear::experiment {

/// A policy file as it is now.
struct PolicyFile {
  std::string path;
  std::string text;
  const config::OwnSections& sections;
};

/// Why a change cannot be made here, as a sentence.
struct CannotPromote {
  std::string why;
};

/// As a unified diff: `policy` of the service names the candidate, and the split is taken out; everything
/// else, comments and layout too, stays as it is. The file with the change has been read once, and says just
/// that. CannotPromote if the file no longer has the split, or is written in a way that is better changed by
/// hand.
[[nodiscard]] std::variant<std::string, CannotPromote> promotion(const PolicyFile& file,
                                                                 const std::string& service,
                                                                 const config::SplitOptions& split);

}  // namespace switchgear::experiment
