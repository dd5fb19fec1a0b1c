// A pipeline whose policies are not part of its type: for members, and for interfaces between files.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "switchgear/sync/call.hpp"

namespace switchgear {

/// Any pipeline around calls that answer with T (void: with nothing), in the clock `Time`.
///
///     class Shop {
///       AnyPipeline<Receipt> payment_;       // whatever the configuration says
///     };
///     payment_ = Pipeline{own<CircuitBreaker>("payment", options), retry};
///     Receipt receipt = call(payment_, [&] { return charge(card); });
///
/// Goes wherever call(), try_call() and guard() take a pipeline. One allocation when it is made; copies share
/// it. A call costs two indirect calls more. Not for: hedges (async_call), and places where the type can be
/// named. Threads and lifetime: as the pipeline that it was made of.
template <class T, class Time = SteadyTime>
class AnyPipeline {
 public:
  using Erased = T;
  using Answer = typename detail::Kept<T>::type;

  template <PipelineLike P>
  AnyPipeline(P pipeline)
      : held_(std::make_shared<const Held<P>>(std::move(pipeline))) {}  // NOLINT: on purpose

  /// What call() and try_call() are made of.
  template <detail::BothCauses both, class F, class OtherTime>
  [[nodiscard]] Result<Answer> run(const CallOptions& options, F& f, OtherTime& time) const {
    static_assert(std::is_same_v<std::decay_t<detail::AttemptResult<F>>, std::decay_t<T>>,
                  "the function returns another type than the calls of this AnyPipeline answer with");
    static_assert(std::is_same_v<OtherTime, Time>, "this AnyPipeline was made for another clock");
    const Function function{const_cast<void*>(static_cast<const void*>(&f)),
                            [](void* of, const Attempt& attempt) -> T {
                              F& wrapped = *static_cast<F*>(of);
                              if constexpr (std::invocable<F&, const Attempt&>) {
                                return wrapped(attempt);
                              } else {
                                return wrapped();
                              }
                            }};
    if constexpr (both == detail::BothCauses::thrown) {
      return held_->call(options, function, time);
    } else {
      return held_->try_call(options, function, time);
    }
  }

 private:
  /// The caller's function, borrowed for one call.
  struct Function {
    void* object;
    T (*invoke)(void*, const Attempt&);
    T operator()(const Attempt& attempt) const { return invoke(object, attempt); }
  };
  class Interface {
   public:
    virtual ~Interface() = default;
    virtual Result<Answer> try_call(const CallOptions& options, const Function& f, Time& time) const = 0;
    virtual Result<Answer> call(const CallOptions& options, const Function& f, Time& time) const = 0;
  };
  template <class P>
  class Held final : public Interface {
   public:
    explicit Held(P pipeline) : pipeline_(std::move(pipeline)) {}
    Result<Answer> try_call(const CallOptions& options, const Function& f, Time& time) const override {
      return detail::blocking_call<detail::BothCauses::reported>(pipeline_, options, f, time);
    }
    Result<Answer> call(const CallOptions& options, const Function& f, Time& time) const override {
      return detail::blocking_call<detail::BothCauses::thrown>(pipeline_, options, f, time);
    }

   private:
    P pipeline_;
  };

  std::shared_ptr<const Interface> held_;
};

}  // namespace switchgear
