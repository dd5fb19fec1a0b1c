#include "switchgear/testing/scripted_dependency.hpp"

#include <algorithm>
#include <string>

namespace switchgear::testing {

ScriptedFailure::ScriptedFailure(FailureType type)
    : std::runtime_error("scripted " + std::string{to_string(type)}), type_(type) {}

namespace detail {

void Script::add(std::uint64_t times) {
  const std::scoped_lock lock(mutex_);
  ends_.push_back((ends_.empty() ? 0 : ends_.back()) + times);
}

void Script::at_the_end(AtTheEnd end) noexcept {
  const std::scoped_lock lock(mutex_);
  end_ = end;
}

Script::Place Script::next() {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t length = ends_.empty() ? 0 : ends_.back();
  std::uint64_t index = calls_;
  if (index >= length) {
    if (end_ == AtTheEnd::refuse || length == 0) {
      throw std::logic_error("call " + std::to_string(calls_ + 1) + " of a script of " +
                             std::to_string(length));
    }
    index = end_ == AtTheEnd::repeat_all ? index % length : length - 1;
  }
  const auto step = std::upper_bound(ends_.begin(), ends_.end(), index) - ends_.begin();
  return {static_cast<std::size_t>(step), ++calls_};
}

std::uint64_t Script::calls() const noexcept {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

std::uint64_t Script::left() const noexcept {
  const std::scoped_lock lock(mutex_);
  const std::uint64_t length = ends_.empty() ? 0 : ends_.back();
  return length - std::min(length, calls_);
}

void Script::rewind() noexcept {
  const std::scoped_lock lock(mutex_);
  calls_ = 0;
}

}  // namespace detail
}  // namespace switchgear::testing
