// Who this process is, over restarts.
#pragma once

#include <string>
#include <vector>

namespace switchgear::fleet {

/// From the kernel's boot, the network namespace and what is listened on there: the same for a gateway that
/// is started again in the same place, another one for any other. Empty if the system does not tell.
[[nodiscard]] std::string identity_of(const std::vector<std::string>& addresses);

}  // namespace switchgear::fleet
