// Weights of instances as a mesh has them: whole numbers of 32 bits, greater than a policy file takes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "app/interop/ledger.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

/// What a weight of 0 is to a mesh.
enum class ZeroWeight : std::uint8_t {
  invalid,  ///< Envoy does not start with it
  unset,    ///< Istio reads it as 1
};

/// The weight that `value` says. One that the mesh does not accept is an error, and 1.
[[nodiscard]] double read_weight(const Value& value, ZeroWeight zero, Ledger& ledger);

/// The weight of an instance, and where it stands; empty: nowhere, it is 1.
struct WeightAt {
  double* weight = nullptr;
  std::optional<Value> at;
};

/// Of the instances of one service. If one is greater than a policy file takes, all are divided by one power
/// of ten, which keeps their proportions.
void fit_weights(std::span<const WeightAt> weights, Ledger& ledger);

}  // namespace switchgear::interop
