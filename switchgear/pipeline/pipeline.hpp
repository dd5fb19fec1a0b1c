// Policies in the user's order, to be put around any number of calls.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

#include "switchgear/pipeline/classifier.hpp"
#include "switchgear/pipeline/execution.hpp"
#include "switchgear/pipeline/layers.hpp"
#include "switchgear/pipeline/own.hpp"

namespace switchgear {

namespace detail {

template <class T>
inline constexpr bool is_smart_pointer = false;
template <class T, class Deleter>
inline constexpr bool is_smart_pointer<std::unique_ptr<T, Deleter>> = true;
template <class T>
inline constexpr bool is_smart_pointer<std::shared_ptr<T>> = true;

template <class Policy>
concept HasLayer = is_hedge<Policy> || requires {
  sizeof(Layer<Policy>);
};

/// The type of policy that an argument of a pipeline names.
template <class Argument>
struct PolicyOf {
  using type = std::remove_reference_t<Argument>;
  static constexpr bool smart = is_smart_pointer<std::remove_const_t<type>>;
  static constexpr bool policy = HasLayer<std::remove_const_t<type>>;
  static_assert(
      !smart,
      "a smart pointer is not a policy: give *pointer to borrow the policy, pointer.get() when it may be "
      "null, or own(pointer) when the pipeline is to keep it alive");
  static_assert(
      smart || policy,
      "this type is not a policy: a pipeline takes policies (CircuitBreaker, Retry, Timeout, ...), and types "
      "of your own for which Layer is specialised (switchgear/pipeline/layer.hpp)");
  static_assert(!policy || HasLayer<type>,
                "a call changes this policy, and it is const: give one that is not");
  static_assert(
      !policy || std::is_lvalue_reference_v<Argument>,
      "a pipeline borrows its policies, and this one dies at the end of the expression: give it a name and "
      "keep it alive, or write own<Policy>(...)");
};
template <class Argument>
requires std::is_pointer_v<std::remove_cvref_t<Argument>>
struct PolicyOf<Argument> {
  using type = Optional<std::remove_pointer_t<std::remove_cvref_t<Argument>>>;
};
template <class Argument>
requires is_owned<std::remove_cvref_t<Argument>>
struct PolicyOf<Argument> {
  using type = std::remove_cvref_t<Argument>;
};

template <class Policy>
requires(!std::is_pointer_v<Policy> &&
         !is_owned<std::remove_const_t<Policy>>) Borrowed<Policy> borrow(Policy& policy)
noexcept { return {&policy}; }
template <class Policy>
Borrowed<Optional<Policy>> borrow(Policy* const& policy) noexcept {
  return {Optional<Policy>{policy}};
}
template <class Policy>
Borrowed<Policy> borrow(const Owned<Policy>& policy) noexcept {
  return {policy.get()};
}

/// What keeps the owned policies of a pipeline alive; nothing when all are borrowed.
struct NoOwners {
  template <class... Arguments>
  explicit constexpr NoOwners(const Arguments&...) noexcept {}
};
template <class... Policies>
class Owners {
 public:
  template <class... Arguments>
  explicit Owners(const Arguments&... arguments) : owners_{owner_of(arguments)...} {}

 private:
  template <class Argument>
  static std::shared_ptr<void> owner_of(const Argument& argument) noexcept {
    if constexpr (is_owned<Argument>) {
      return argument.share();
    } else {
      return nullptr;
    }
  }
  std::array<std::shared_ptr<void>, sizeof...(Policies)> owners_;
};
template <class... Policies>
using OwnersOf = std::conditional_t<(is_owned<Policies> || ...), Owners<Policies...>, NoOwners>;

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
/// Borrows its policies: they must outlive it and its calls. Those given as own(…) it keeps alive itself,
/// together with its copies:
///
///     const Pipeline pipeline{own<CircuitBreaker>("payment", options), retry};
///
/// Built once, not per call; copying it copies pointers. Threads: any, it is constant; what its policies
/// share they guard themselves.
template <class... Policies>
class Pipeline {
 public:
  using Machine = Execution<detail::Unowned<Policies>...>;
  using Fast = FastLane<detail::Unowned<Policies>...>;

  template <class... Arguments>
  requires(sizeof...(Arguments) == sizeof...(Policies) &&
           !(std::is_base_of_v<Pipeline, std::remove_cvref_t<Arguments>> ||
             ...)) constexpr explicit Pipeline(Arguments&&... outermost_first) noexcept
      : policies_{detail::borrow(outermost_first)...}, owners_(outermost_first...) {}

  [[nodiscard]] const std::tuple<Borrowed<detail::Unowned<Policies>>...>& policies() const noexcept {
    return policies_;
  }
  [[nodiscard]] constexpr DefaultClassifier classifier() const noexcept { return {}; }

  /// The same policies, with another idea of what a failure is.
  template <class Classifier>
  [[nodiscard]] auto classified_by(Classifier classifier) const;

 private:
  std::tuple<Borrowed<detail::Unowned<Policies>>...> policies_;
  [[no_unique_address]] detail::OwnersOf<Policies...> owners_;
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
