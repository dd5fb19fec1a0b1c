#include "switchgear/policy/time_limit.hpp"

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const TimeLimit& limit) {
  OptionChecker check;
  check.positive("length", limit.length);
  return check.take();
}

Timeout::Timeout(TimeLimit limit) : limit_(std::move(limit)) {
  require_valid("timeout", limit_.name, validate(limit_));
}

Deadline::Deadline(TimeLimit limit) : limit_(std::move(limit)) {
  require_valid("deadline", limit_.name, validate(limit_));
}

}  // namespace switchgear
