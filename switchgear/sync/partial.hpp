// Several calls, of which some are enough.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "switchgear/pipeline/partial_answers.hpp"
#include "switchgear/policy/partial.hpp"
#include "switchgear/sync/call.hpp"

namespace switchgear {

/// Makes `calls` calls one after another, each through the pipeline, and stops as soon as it is certain that
/// successes / calls ≥ min_success_ratio, or that it cannot become so. A rejection, a failure and an
/// exception are not successes; an exception is swallowed. `f(index)` or `f(index, attempt)`. `options` are
/// those of every call, but for the report, and for the key, to which each call's index is added; told to
/// stop, no further call begins, and the decision may stay open. Throws
/// std::invalid_argument for more calls than Partial::most_calls and for a ratio
/// outside 0..1.
template <class Time = SteadyTime, PipelineLike P, class F>
[[nodiscard]] auto call_partial(const P& pipeline, const CallOptions& options, std::uint32_t calls,
                                double min_success_ratio, F&& f) {
  const auto one = [&](std::uint32_t index) {
    return [&f, index](const Attempt& attempt) {
      if constexpr (std::invocable<F&, std::uint32_t, const Attempt&>) {
        return f(index, attempt);
      } else {
        return f(index);
      }
    };
  };
  using T = detail::AnswerOf<decltype(one(0))>;
  CallOptions each = options;
  each.report = nullptr;
  PartialAnswers<T> batch;
  Partial partial{calls, min_success_ratio};
  for (std::uint32_t index = 0;
       index < calls && partial.decision() == Partial::Decision::undecided && !options.stop.stop_requested();
       ++index) {
    ++batch.made;
    const std::string key = detail::key_in_batch(options.key, index);
    each.key = key;
    Verdict verdict = Verdict::failure;
    bool stopped = false;  // what an attempt brings after the caller was told to stop is the caller's own
#if defined(__cpp_exceptions)
    try {
#endif
      auto attempt = one(index);
      auto result = try_call<Time>(pipeline, each, attempt);
      stopped = options.stop.stop_requested();
      if (!stopped && result && pipeline.classifier().of_result(*result, {}).verdict == Verdict::success) {
        verdict = Verdict::success;
        batch.answers.push_back({index, *std::move(result)});
      }
#if defined(__cpp_exceptions)
    } catch (...) {
      verdict = Verdict::failure;
      stopped = options.stop.stop_requested();
    }
#endif
    if (stopped) break;
    partial.record(verdict);
  }
  batch.decision = partial.decision();
  return batch;
}
template <class Time = SteadyTime, PipelineLike P, class F>
[[nodiscard]] auto call_partial(const P& pipeline, std::uint32_t calls, double min_success_ratio, F&& f) {
  return call_partial<Time>(pipeline, CallOptions{}, calls, min_success_ratio, f);
}

}  // namespace switchgear
