#include "switchgear/policy/time_limit.hpp"

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const TimeLimit& limit) {
  OptionChecker check;
  check.positive("length", limit.length);
  return check.take();
}

TimeLimited::TimeLimited(std::string_view policy, TimeLimit limit) : limit_(std::move(limit)) {
  require_valid(policy, limit_.name, validate(limit_));
}

}  // namespace switchgear
