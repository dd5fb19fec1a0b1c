#include "switchgear/policy/time_limit.hpp"

#include "switchgear/policy/option_checker.hpp"

namespace switchgear {

std::vector<OptionProblem> validate(const TimeLimit& limit) {
  OptionChecker check;
  check.positive("length", limit.length);
  return check.take();
}

TimeLimited::TimeLimited(PolicyKind kind, TimeLimit limit) : limit_(std::move(limit)), kind_(kind) {
  require_valid(to_string(kind), limit_.name, validate(limit_));
}

void TimeLimited::timed_out(TimePoint now) const noexcept {
  timed_out_.fetch_add(1, std::memory_order_relaxed);
  if (events_.wants(Interest::timeouts)) events_.on_timeout({{name(), kind_, now}, length()});
}

void TimeLimited::refused(const Rejection& rejection, TimePoint now) const noexcept {
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (events_.wants(Interest::rejections)) events_.on_rejected({{name(), kind_, now}, rejection});
}

}  // namespace switchgear
