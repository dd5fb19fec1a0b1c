// A token for a call; one that lies in the future makes it wait.
#pragma once

#include <utility>

#include "switchgear/pipeline/layer.hpp"
#include "switchgear/policy/rate_limiter.hpp"

namespace switchgear {

template <>
class Layer<RateLimiter> {
 public:
  using Fast = Layer;

  Layer() = default;
  Layer(Layer&& other) noexcept : limiter_(std::exchange(other.limiter_, nullptr)), token_(other.token_) {}
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  ~Layer() {
    if (limiter_ == nullptr) [[likely]]
      return;
    const RateLimiter::Token unused = token_;
    limiter_->give_back(unused);
  }

  [[gnu::always_inline]] Gate enter(RateLimiter& limiter, Call& call, TimePoint now) noexcept {
    auto token = limiter.reserve(now, call.waker != nullptr ? call.limit : now);
    if (!token) [[unlikely]] {
      call.refuse(token.rejection());
      return Gate::refuse;
    }
    if (token->at <= now) [[likely]]
      return Gate::go;
    token_ = *token;
    limiter_ = &limiter;
    call.until = token_.at;
    return Gate::wait;
  }
  [[gnu::always_inline]] Gate try_enter(RateLimiter& policy, Call& call, TimePoint now) noexcept {
    return enter(policy, call, now);
  }
  void leave_well(RateLimiter&, const Outcome&, TimePoint) noexcept {}
  Gate resume(RateLimiter&, Call& call, TimePoint now) noexcept {
    call.until = token_.at;
    if (now < token_.at) return Gate::wait;
    limiter_ = nullptr;
    return Gate::go;
  }
  Turn leave(RateLimiter&, Call&, Ending&, TimePoint) noexcept { return Turn::outward; }

 private:
  RateLimiter* limiter_ = nullptr;  ///< set while the token lies in the future
  RateLimiter::Token token_{};
};

}  // namespace switchgear
