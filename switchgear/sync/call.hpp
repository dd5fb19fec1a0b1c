// The blocking driver: one guarded call on the calling thread. try_call() returns a refusal, call() throws
// it, guard() wraps a function once.
#pragma once

#include "switchgear/sync/guard.hpp"
#include "switchgear/sync/try_call.hpp"
