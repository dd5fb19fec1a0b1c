// What a run was like, and which expectations held: for a terminal, for programs, as a page.
#pragma once

#include <string>
#include <vector>

#include "app/chaos/judge.hpp"
#include "app/chaos/observations.hpp"
#include "app/chaos/scenario.hpp"

namespace switchgear::chaos {

struct Report {
  const Scenario& scenario;
  const Observations& seen;
  std::vector<Verdict> verdicts;  ///< of the scenario's expectations, in their order

  [[nodiscard]] bool holds() const;
};

[[nodiscard]] Report make_report(const Scenario& scenario, const Observations& seen);

/// The end of what is shown on a terminal: figures, then a line for each expectation.
[[nodiscard]] std::string to_text(const Report& report);
/// One object.
[[nodiscard]] std::string to_json(const Report& report);
/// With what happened and the figures of each second. Markdown.
[[nodiscard]] std::string to_markdown(const Report& report);

/// `  10.62s  breaker payment: …`
[[nodiscard]] std::string event_line(Duration at, const std::string& what);

}  // namespace switchgear::chaos
