// Guarding a call in two steps, for code that fits neither call() nor async_call(): acquire, call, record.
#pragma once

#include <optional>
#include <utility>

#include "switchgear/core/rejection.hpp"
#include "switchgear/pipeline/pipeline.hpp"

namespace switchgear {

/// One call's admission by a whole pipeline, made with try_acquire().
///
///     auto admission = try_acquire(pipeline, now);
///     if (!admission) return refuse(admission.rejection());
///     send(request, admission.deadline());
///     …                                                          // any time, any thread
///     admission.record(Outcome::success(latency), now);
///
/// One attempt, which never waits: what would wait in a queue or for a token is refused instead. A retry, a
/// hedge, a fallback and a cache in the pipeline do nothing. Dropped unrecorded it counts as ignored, and
/// gives everything back. Lives in the caller's frame or object: neither copied nor moved. Threads: one at a
/// time.
template <class... Policies>
class Admission {
 public:
  Admission(const Pipeline<Policies...>& pipeline, TimePoint now, TimePoint deadline)
      : policies_(pipeline.policies()),
        options_{.deadline = deadline, .repeatable = Repeatable::no},
        execution_(policies_, options_),
        step_(execution_.start(now)) {}
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  [[nodiscard]] bool admitted() const noexcept { return step_.kind == Step::Kind::attempt; }
  explicit operator bool() const noexcept { return admitted(); }

  /// Which policy refused, why, and when to come back. Precondition: it was not admitted.
  [[nodiscard]] const Rejection& rejection() const noexcept { return execution_.rejection(); }

  /// When the call must have ended. Precondition: admitted.
  [[nodiscard]] TimePoint deadline() const noexcept { return step_.until; }

  /// Hands the outcome to every policy. A second record does nothing. Precondition: it was admitted once.
  void record(const Outcome& outcome, TimePoint now) noexcept {
    if (admitted()) step_ = execution_.on_outcome(step_.branch, outcome, now);
  }

 private:
  std::tuple<Borrowed<Policies>...> policies_;
  CallOptions options_;
  Execution<Policies...> execution_;
  Step step_;
};

/// Requests one call. Borrows the pipeline's policies. `deadline` is that of the caller it is made for.
template <class... Policies>
[[nodiscard]] Admission<Policies...> try_acquire(const Pipeline<Policies...>& pipeline, TimePoint now,
                                                 TimePoint deadline = TimePoint::max()) {
  return Admission<Policies...>{pipeline, now, deadline};
}

}  // namespace switchgear
