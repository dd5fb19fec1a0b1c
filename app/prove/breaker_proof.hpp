// What can happen to one breaker: its rules, its states, and traffic that is too thin for it.
#pragma once

#include "app/prove/proof.hpp"

namespace switchgear::prove {

[[nodiscard]] BreakerProof prove_breaker(const Question& question);

}  // namespace switchgear::prove
