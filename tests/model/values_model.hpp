// The breakers on the path of a service's calls, as docs/semantics.md has them (Groups): one plain model of a
// breaker around, one for each policy of routes inside it, and innermost one for each value. Never here:
// places, parts, or anything about memory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tests/model/breaker_model.hpp"
#include "tests/model/random_case.hpp"

namespace switchgear::model {

/// Whose call it is. Empty: it came by a route without a policy of its own; it was made for no value.
struct ModelPath {
  std::string route;
  std::string value;
};

/// The path of a step of the case.
[[nodiscard]] ModelPath path_of(const ValuesCase& given, std::size_t step);

struct ValueDecision {
  Decision decision;
  std::string_view by{};  ///< `route` or `value`: refused by that breaker, not by the one around
};

struct ValueTotals {
  std::uint64_t calls = 0, successes = 0, failures = 0, ignored = 0, rejected = 0;
  std::uint64_t made = 0;  ///< breakers
};

class ValuesModel {
 public:
  explicit ValuesModel(const ValuesCase& given);

  /// From the outside in: if an inner breaker refuses, the outer ones get their permits back.
  ValueDecision acquire(BreakerModel::Ticket ticket, const ModelPath& path, TimePoint now);
  /// Nothing happens when the ticket is unknown or was recorded. Returns the path of the call, if it was
  /// known.
  std::optional<ModelPath> record(BreakerModel::Ticket ticket, const Outcome& outcome, TimePoint now);
  /// To the innermost breaker that the path names.
  void command(const ModelPath& path, Order order, TimePoint now);
  void check(CheckAnswer answer, const HealthRows& rows, TimePoint now);
  void advance(TimePoint now);

  /// Null: the service has none.
  [[nodiscard]] BreakerModel* around() { return around_ ? &*around_ : nullptr; }
  /// By the policy's name.
  [[nodiscard]] std::map<std::string, BreakerModel>& routes() { return routes_; }
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
  /// Null: there is none on this path.
  [[nodiscard]] BreakerModel* of_route(const ModelPath& path);
  [[nodiscard]] bool is_over(const One& one, TimePoint now) const;

  const CircuitBreakerOptions of_value_;
  const Duration idle_;
  std::optional<BreakerModel> around_;
  std::map<std::string, BreakerModel> routes_;
  std::map<std::string, One> values_;
  std::map<BreakerModel::Ticket, ModelPath> calls_;  ///< that are out
  ValueTotals totals_;
};

}  // namespace switchgear::model
