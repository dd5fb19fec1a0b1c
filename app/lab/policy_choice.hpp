// Which policy of which file a command is about.
#pragma once

#include <istream>
#include <optional>
#include <ostream>
#include <string>

#include "app/lab/guards.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/own_sections.hpp"

namespace switchgear::lab {

/// Nothing once `err` knows why.
[[nodiscard]] std::optional<config::Config> load_policies(const std::string& file,
                                                          const config::OwnSections& sections,
                                                          std::ostream& err);

/// The same, also if options are impossible together, as a breaker that can never open: each breaker is valid
/// by itself. `err` is told of that, too.
[[nodiscard]] std::optional<config::Config> load_breakers(const std::string& file,
                                                          const config::OwnSections& sections,
                                                          std::ostream& err);

/// Null once `err` knows why. Points into `config`.
[[nodiscard]] const config::Policy* find_policy(const config::Config& config, const std::string& file,
                                                const std::string& name, std::ostream& err);

/// The same, of one that has a breaker. `why`: what it is needed for, `to replay`.
[[nodiscard]] const config::Policy* find_breaker(const config::Config& config, const std::string& file,
                                                 const std::string& name, const std::string& why,
                                                 std::ostream& err);

/// Null once `err` knows why. Points into `config`.
[[nodiscard]] const config::Service* find_service(const config::Config& config, const std::string& file,
                                                  const std::string& name, std::ostream& err);

/// The breakers of a service: of its policy, of its routes' policies, and by value. Nothing once `err` knows
/// why.
[[nodiscard]] std::optional<GuardOptions> find_guards(const config::Config& config, const std::string& file,
                                                      const std::string& service, std::ostream& err);

}  // namespace switchgear::lab
