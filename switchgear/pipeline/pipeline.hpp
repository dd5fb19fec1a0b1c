// Policies in the user's order, to be put around any number of calls.
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/pipeline/classifier.hpp"
#include "switchgear/pipeline/execution.hpp"
#include "switchgear/pipeline/layers.hpp"

namespace switchgear {

namespace detail {
template <class Argument>
struct PolicyOf {
  static_assert(std::is_lvalue_reference_v<Argument>,
                "a pipeline borrows its policies: name it, and keep it alive");
  using type = std::remove_reference_t<Argument>;
};
template <class Argument>
requires std::is_pointer_v<std::remove_cvref_t<Argument>>
struct PolicyOf<Argument> {
  using type = Optional<std::remove_pointer_t<std::remove_cvref_t<Argument>>>;
};
template <class Policy>
requires(!std::is_pointer_v<Policy>) Borrowed<Policy> borrow(Policy& policy)
noexcept { return {&policy}; }
template <class Policy>
Borrowed<Optional<Policy>> borrow(Policy* const& policy) noexcept {
  return {Optional<Policy>{policy}};
}
}  // namespace detail

/// Policies around a call, outermost first.
///
///     Retry retry{"payment", {.max_attempts = 3}};
///     CircuitBreaker breaker{"payment", options};
///     const Pipeline pipeline{retry, breaker};               // the breaker sees every attempt
///     auto receipt = call(pipeline, [&] { return charge(card); });
///
/// The order is yours; standard_pipeline() (standard_order.hpp) puts policies into the usual one. A policy
/// given as a pointer may be null, and is then passed over: for pipelines made from configuration.
/// Borrows its policies: they must outlive it and its calls. Built once, not per call; copying it copies
/// pointers. Threads: any, it is constant; what its policies share they guard themselves.
template <class... Policies>
class Pipeline {
 public:
  using Machine = Execution<Policies...>;
  using Fast = FastLane<Policies...>;

  template <class... Arguments>
  requires(sizeof...(Arguments) == sizeof...(Policies) &&
           !(std::is_base_of_v<Pipeline, std::remove_cvref_t<Arguments>> ||
             ...)) constexpr explicit Pipeline(Arguments&&... outermost_first) noexcept
      : policies_{detail::borrow(outermost_first)...} {}

  [[nodiscard]] const std::tuple<Borrowed<Policies>...>& policies() const noexcept { return policies_; }
  [[nodiscard]] constexpr DefaultClassifier classifier() const noexcept { return {}; }

  /// The same policies, with another idea of what a failure is.
  template <class Classifier>
  [[nodiscard]] auto classified_by(Classifier classifier) const;

 private:
  std::tuple<Borrowed<Policies>...> policies_;
};

template <class... Arguments>
Pipeline(Arguments&&...) -> Pipeline<typename detail::PolicyOf<Arguments&&>::type...>;

/// A pipeline, as every driver accepts it.
template <class P>
concept PipelineLike = requires(const P& pipeline) {
  pipeline.policies();
  pipeline.classifier();
  typename P::Machine;
};

/// A pipeline whose results `Classifier` judges.
template <class Classifier, class... Policies>
class ClassifiedPipeline : public Pipeline<Policies...> {
 public:
  ClassifiedPipeline(const Pipeline<Policies...>& pipeline, Classifier classifier)
      : Pipeline<Policies...>(pipeline), classifier_(std::move(classifier)) {}
  [[nodiscard]] const Classifier& classifier() const noexcept { return classifier_; }

 private:
  Classifier classifier_;
};

template <class... Policies>
template <class Classifier>
auto Pipeline<Policies...>::classified_by(Classifier classifier) const {
  return ClassifiedPipeline<Classifier, Policies...>{*this, std::move(classifier)};
}

}  // namespace switchgear
