// What one call needs while it is under way, and a connection that is idle does not.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gateway/attempt.hpp"
#include "app/gateway/call_machine.hpp"
#include "app/gateway/service/stored_answer.hpp"
#include "switchgear/core/waker.hpp"
#include "switchgear/http/event_loop.hpp"

namespace switchgear::gateway {

/// Why an attempt has no response to hand on: what the client is told when it was the last.
struct LastWords {
  unsigned status = 502;
  std::string_view error;
  std::string_view detail;
};

/// Pooled by its worker (CallPool): made for the first calls, then used again. As a Waker it may be called
/// from any thread, also when its call has ended: then whoever uses it next looks once in vain.
class ForwardedCall final : public Waker {
 public:
  explicit ForwardedCall(http::EventLoop& loop) : loop_(loop) {}
  ForwardedCall(const ForwardedCall&) = delete;
  ForwardedCall& operator=(const ForwardedCall&) = delete;
  ~ForwardedCall() = default;

  void begin(CallOwner& owner) noexcept { owner_ = &owner; }
  /// Gives back and closes whatever the call holds.
  void end(http::ConnectionPool& pool) noexcept;

  void wake() noexcept override;
  /// Whether a policy has called since it was asked last.
  [[nodiscard]] bool take_woken() noexcept { return std::exchange(woken_, false); }

  /// Made when its branch runs first.
  [[nodiscard]] Attempt& attempt(unsigned branch) { return branch == 0 ? first_ : hedge(branch); }
  [[nodiscard]] std::size_t attempts() const noexcept { return 1 + hedges_.size(); }
  /// Of the fallback, when that has failed too.
  [[nodiscard]] const FallbackFailure* failure() const noexcept {
    return answer.details ? answer.details->failure.get() : nullptr;
  }

  CallOptions options;
  CallMachine machine;
  switchgear::Answer<StoredAnswer> answer;
  bool waiting = false;                ///< the machine's last step was `wait`
  TimePoint until = TimePoint::max();  ///< of it
  std::string head;                    ///< the request's, as the upstream gets it
  std::string body;                    ///< the request's, when it is held
  bool holds_body = false;
  std::string key;                     ///< of the answer; empty: it is nobody else's
  std::optional<std::size_t> changes;  ///< where the URI has its version, if a good answer makes that void
  std::string payload;                 ///< what a queue stores; empty: nothing can be stored
  ResponseCopy copy;
  Attempt* head_at_hand = nullptr;  ///< its response is being decided about
  LastWords last_words;

 private:
  [[nodiscard]] Attempt& hedge(unsigned branch);

  http::EventLoop& loop_;
  CallOwner* owner_ = nullptr;  ///< null: not in use
  bool woken_ = false;
  Attempt first_;
  std::vector<std::unique_ptr<Attempt>> hedges_;
};

/// The calls of one thread.
class CallPool {
 public:
  explicit CallPool(http::EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] ForwardedCall* take(CallOwner& owner);
  /// The call has ended.
  void give_back(ForwardedCall* call);

 private:
  http::EventLoop& loop_;
  // All are kept: another thread may wake one at any time. As many as were ever under way at once.
  std::vector<std::unique_ptr<ForwardedCall>> all_;
  std::vector<ForwardedCall*> free_;
};

}  // namespace switchgear::gateway
