// Weights as a mesh has them: whole numbers from 1, and no weight for an instance that is the reserve of
// others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/interop/exported.hpp"
#include "app/interop/ledger.hpp"

namespace switchgear::interop {

/// Of each upstream of the service; 0: it is called only if no other may be. If all are 0, all are 1: they
/// are called alike. Fractions are whole numbers in the same proportion: 1.5 and 1 are 3 and 2. Accounts for
/// each that is not the number in the file, as `to`; for a reserve as `reserve`, or if that is empty, as left
/// out.
[[nodiscard]] std::vector<std::uint32_t> written_weights(const ExportedService& exported,
                                                         const std::string& to, const std::string& reserve,
                                                         Ledger& ledger);

}  // namespace switchgear::interop
