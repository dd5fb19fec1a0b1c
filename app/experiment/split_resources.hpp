// Splits in the admin API.
#pragma once

#include <boost/json/array.hpp>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "app/experiment/promotion.hpp"
#include "app/experiment/splits.hpp"
#include "switchgear/admin/added_resource.hpp"

namespace switchgear::experiment {

/// What the program does when an operator asks for it.
struct SplitCommands {
  /// Begins anew. False: the service has no split.
  std::function<bool(const std::string& service)> restart;
  std::function<std::variant<std::string, CannotPromote>(const SplitSubject& subject)> promote;
};

[[nodiscard]] boost::json::array splits_json(const Splits& splits, TimePoint now);

/// POST /experiments/{name}/stop, /restart and /promote. `splits` is borrowed. `now`: the clock of the
/// breakers.
[[nodiscard]] std::vector<admin::AddedResource> split_resources(Splits& splits, SplitCommands commands,
                                                                const std::function<TimePoint()>& now);

}  // namespace switchgear::experiment
