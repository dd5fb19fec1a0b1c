#include "switchgear/observe/diagnosis/diagnosis.hpp"

#include <utility>

#include "switchgear/observe/diagnosis/rules.hpp"

namespace switchgear {

std::optional<std::string> Diagnosis::recommendation() const {
  if (findings.empty()) return std::nullopt;
  return findings.front().action;
}

Diagnosis diagnose(const CircuitHistory& history, const figures::Span& span, CircuitPresent present,
                   PastFrom past) {
  Diagnosis made;
  made.past = past;
  made.facts = facts_of(history, span, std::move(present));
  for (const DiagnosisRule& rule : diagnosis_rules()) {
    if (!rule.holds(made.facts)) continue;
    made.findings.push_back({rule.name, rule.cause(made.facts), rule.action(made.facts), rule.page});
  }
  return made;
}

}  // namespace switchgear
