// `switchgear check --test-alerts`: whether the channels of a configuration can be told.
#pragma once

#include <cstdint>
#include <cstdio>

#include "app/alert/alert_options.hpp"

namespace switchgear::alert {

enum class Consent : std::uint8_t {
  asked,  ///< on `in`, with the names of the channels
  given,  ///< by a script
};

/// Sends each channel an alert that says that it is a test, and then its end, one try of each. A line for
/// each channel goes to `out`. Returns the exit code: 0 all were delivered, 1 the user said no, or there is
/// no channel, 3 a channel could not be told.
int test_alerts(const AlertOptions& options, Consent consent, std::FILE* in, std::FILE* out);

}  // namespace switchgear::alert
