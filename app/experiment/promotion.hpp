// The change of a policy file that makes the candidate of a split the policy of its service.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "app/experiment/split.hpp"
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

/// As a unified diff: `policy` of the service names the candidate, the split is taken out, and the candidate
/// out of the service's shadows; everything else, comments and layout too, stays as it is. A route that names
/// the service's policy keeps that. The file with the change has been read once, and says just that.
/// CannotPromote if the file no longer has the split and the policies of `subject`, or is written in a way
/// that is better changed by hand.
[[nodiscard]] std::variant<std::string, CannotPromote> promotion(const PolicyFile& file,
                                                                 const SplitSubject& subject);

}  // namespace switchgear::experiment
