// Breakers for the values of a service's calls, as docs/semantics.md has them (Groups): one plain model of a
// breaker for each value, and one around. Never here: places, parts, or anything about memory.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tests/model/breaker_model.hpp"
#include "tests/model/random_case.hpp"

namespace switchgear::model {

struct ValueDecision {
  Decision decision;
  bool by_value = false;  ///< refused by the breaker of the value
};

struct ValueTotals {
  std::uint64_t calls = 0, successes = 0, failures = 0, ignored = 0, rejected = 0;
  std::uint64_t made = 0;  ///< breakers
};

class ValuesModel {
 public:
  explicit ValuesModel(const ValuesCase& given);

  /// From the outside in: if the value's breaker refuses, the one around gets its permit back.
  ValueDecision acquire(BreakerModel::Ticket ticket, const std::string& value, TimePoint now);
  /// Nothing happens when the ticket is unknown or was recorded. Returns the value of the call, if it was
  /// known.
  std::optional<std::string> record(BreakerModel::Ticket ticket, const Outcome& outcome, TimePoint now);
  void command(const std::string& value, Order order, TimePoint now);
  void check(CheckAnswer answer, const HealthRows& rows, TimePoint now);
  void advance(TimePoint now);

  /// Null: the service has none.
  [[nodiscard]] BreakerModel* around() { return around_ ? &*around_ : nullptr; }
  /// Null: the value has none, or it is over by now.
  [[nodiscard]] BreakerModel* find(const std::string& value, TimePoint now);
  /// Those that are over by now go; how many are left.
  std::size_t retire(TimePoint now);
  /// Of those that are left: not closed.
  [[nodiscard]] std::size_t open() const;
  [[nodiscard]] const ValueTotals& totals() const { return totals_; }

 private:
  struct One {
    BreakerModel breaker;
    int out = 0;  ///< calls
  };
  [[nodiscard]] bool is_over(const One& one, TimePoint now) const;

  const CircuitBreakerOptions of_value_;
  const Duration idle_;
  std::optional<BreakerModel> around_;
  std::map<std::string, One> values_;
  std::map<BreakerModel::Ticket, std::string> calls_;  ///< that are out
  ValueTotals totals_;
};

}  // namespace switchgear::model
