// What each policy does to a call on its way in and out, a file each. The decisions are the policies' own; a
// layer keeps what belongs to one call: a permit, a place in a queue, how often it was tried.
#pragma once

#include "switchgear/pipeline/layers/adaptive_limit.hpp"
#include "switchgear/pipeline/layers/admission_control.hpp"
#include "switchgear/pipeline/layers/breaker_group.hpp"
#include "switchgear/pipeline/layers/breakers_by_value.hpp"
#include "switchgear/pipeline/layers/bulkhead.hpp"
#include "switchgear/pipeline/layers/cache.hpp"
#include "switchgear/pipeline/layers/chaos.hpp"
#include "switchgear/pipeline/layers/circuit_breaker.hpp"
#include "switchgear/pipeline/layers/fallback.hpp"
#include "switchgear/pipeline/layers/rate_limiter.hpp"
#include "switchgear/pipeline/layers/retry.hpp"
#include "switchgear/pipeline/layers/time_limit.hpp"
