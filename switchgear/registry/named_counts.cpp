#include "switchgear/registry/named_counts.hpp"

#include <cstddef>

namespace switchgear {
namespace {

/// A count for each of `kinds`.
template <class Kinds, class Counts>
void append(NamedCounts& to, std::string_view what, const Kinds& kinds, const Counts& counts) {
  for (std::size_t i = 0; i < kinds.size(); ++i) to.push_back({what, to_string(kinds[i]), counts[i]});
}

}  // namespace

NamedCounts counts_of(const CallTotals& totals) {
  NamedCounts list{{"calls", {}, totals.calls},
                   {"successes", {}, totals.successes},
                   {"slow", {}, totals.slow()},
                   {"ignored", {}, totals.ignored},
                   {"would_reject", {}, totals.would_reject},
                   {"late", {}, totals.late},
                   {"opened", {}, totals.opened},
                   {"closed", {}, totals.closed},
                   {"half_opened", {}, totals.half_opened}};
  append(list, "failures", failure_types, totals.failures_by_type);
  append(list, "rejected", breaker_rejection_reasons, totals.rejected_by_reason);
  return list;
}

NamedCounts counts_of(const RetryTotals& totals) {
  NamedCounts list{{"retries", {}, totals.retries}, {"recovered", {}, totals.recovered}};
  append(list, "given_up", given_up_reasons, totals.given_up);
  return list;
}

NamedCounts counts_of(const RetryBudgetTotals& totals) {
  return {{"granted", {}, totals.granted}, {"refused", {}, totals.refused}};
}

NamedCounts counts_of(const HedgeTotals& totals) {
  return {{"hedges", {}, totals.hedges}, {"refused", {}, totals.refused}};
}

NamedCounts counts_of(const TimeLimitTotals& totals) {
  return {{"timed_out", {}, totals.timed_out}, {"refused", {}, totals.refused}};
}

NamedCounts counts_of(const BulkheadTotals& totals) {
  return {{"admitted", {}, totals.admitted},
          {"rejected", {}, totals.rejected},
          {"timed_out", {}, totals.timed_out},
          {"cancelled", {}, totals.cancelled}};
}

NamedCounts counts_of(const AdaptiveLimitTotals& totals) {
  return {{"admitted", {}, totals.admitted}, {"rejected", {}, totals.rejected}};
}

NamedCounts counts_of(const AdmissionControlTotals& totals) {
  return {{"admitted", {}, totals.admitted}, {"rejected", {}, totals.rejected}};
}

NamedCounts counts_of(const RateLimiterTotals& totals) {
  return {{"admitted", {}, totals.admitted},
          {"delayed", {}, totals.delayed},
          {"rejected", {}, totals.rejected},
          {"given_back", {}, totals.given_back}};
}

NamedCounts counts_of(const CacheCounters& totals) {
  return {{"hits", {}, totals.hits},
          {"misses", {}, totals.misses},
          {"shared", {}, totals.shared},
          {"shared_failures", {}, totals.shared_failures},
          {"evicted", {}, totals.evicted}};
}

NamedCounts counts_of(const FallbackCounters& totals) {
  return {{"answered", {}, totals.answered},
          {"queued", {}, totals.queued},
          {"failed", {}, totals.failed},
          {"remembered", {}, totals.remembered}};
}

NamedCounts counts_of(const CallQueueCounters& totals) {
  return {{"stored", {}, totals.stored},
          {"refused", {}, totals.refused},
          {"done", {}, totals.done},
          {"again", {}, totals.again},
          {"later", {}, totals.later}};
}

NamedCounts counts_of(const Chaos::Totals& totals) {
  NamedCounts list;
  for (std::size_t i = 0; i < Chaos::kinds; ++i)
    list.push_back({"drawn", to_string(static_cast<Chaos::Injection::Kind>(i)), totals.by_kind[i]});
  return list;
}

}  // namespace switchgear
