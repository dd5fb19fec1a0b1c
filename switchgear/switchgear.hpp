// Everything a caller of policies needs: the policies, pipelines of them, the blocking driver, the registry
// and its presets. Needs the standard library alone. For Asio include switchgear/async/async_call.hpp beside
// it, for policies from a file switchgear/config/configured_policies.hpp. A file that uses one policy
// compiles sooner with that policy's header and switchgear/sync/call.hpp.
#pragma once

#include "switchgear/pipeline/pipeline.hpp"
#include "switchgear/pipeline/standard_order.hpp"
#include "switchgear/pipeline/two_step.hpp"
#include "switchgear/policy/adaptive_limit.hpp"
#include "switchgear/policy/admission_control.hpp"
#include "switchgear/policy/breaker_group.hpp"
#include "switchgear/policy/bulkhead.hpp"
#include "switchgear/policy/cache.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/chaos.hpp"
#include "switchgear/policy/circuit_breaker.hpp"
#include "switchgear/policy/fallback.hpp"
#include "switchgear/policy/hedge.hpp"
#include "switchgear/policy/rate_limiter.hpp"
#include "switchgear/policy/retry.hpp"
#include "switchgear/policy/retry_budget.hpp"
#include "switchgear/policy/time_limit.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/policy_registry.hpp"
#include "switchgear/registry/presets.hpp"
#include "switchgear/registry/ticker.hpp"
#include "switchgear/sync/any_pipeline.hpp"
#include "switchgear/sync/call.hpp"
#include "switchgear/sync/partial.hpp"
#include "switchgear/sync/run_within.hpp"
