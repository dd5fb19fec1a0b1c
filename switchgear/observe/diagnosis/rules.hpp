// The one table that leads from evidence to a cause, to what an operator does about it, and to the page that
// says more (docs/runbooks).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "switchgear/observe/diagnosis/facts.hpp"

namespace switchgear {

/// One row. The functions are pure; `cause` and `action` are only called when the rule holds, and return
/// sentences.
struct DiagnosisRule {
  std::string_view name;  ///< stable, for programs: `unreachable`
  bool (*holds)(const Facts&);
  std::string (*cause)(const Facts&);
  std::string (*action)(const Facts&);
  std::string_view page;  ///< of docs/runbooks, without `.md`
};

/// The most urgent first: what an operator has set, why the breaker is open, how it behaves over time, what
/// stands around it.
[[nodiscard]] std::span<const DiagnosisRule> diagnosis_rules() noexcept;

}  // namespace switchgear
