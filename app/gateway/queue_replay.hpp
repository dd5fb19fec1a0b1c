// The calls that a fallback has stored, made again once their service is back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/gateway/call/call_pool.hpp"
#include "app/gateway/queue_turns.hpp"
#include "switchgear/http/timer_wheel.hpp"
#include "switchgear/policy/call_queue.hpp"
#include "switchgear/policy/circuit_breaker.hpp"

namespace switchgear::gateway {

/// One service's. The client of one call after the other: a stored call goes through everything that any call
/// goes through, but the fallback: the policies, the breaker, the limits. An entry leaves the queue when its
/// call got a whole answer that is neither a failure nor worth repeating; until then it stays at the head,
/// and is tried again after a pause that grows, or as soon as the breaker closes. Threads: its worker's.
/// Destroyed in the middle of a call, it leaves the entry in the queue.
class QueueReplay final : private CallClient, private http::Timer {
 public:
  class Owner {
   public:
    /// No stored call is under way any more.
    virtual void replay_ended() = 0;

   protected:
    ~Owner() = default;
  };

  /// `queue` of `service`, or what a policy has left in it. `breaker`: the service's; null: it has none.
  QueueReplay(Owner& owner, CallPool& calls, std::string service, std::shared_ptr<CallQueue> queue,
              std::shared_ptr<CircuitBreaker> breaker);
  QueueReplay(const QueueReplay&) = delete;
  QueueReplay& operator=(const QueueReplay&) = delete;
  ~QueueReplay() override;

  [[nodiscard]] const std::shared_ptr<CallQueue>& queue() const noexcept { return queue_; }
  /// After a reload: a call under way goes on.
  void follow(const std::string& service, std::shared_ptr<CircuitBreaker> breaker) {
    service_ = service;
    breaker_ = std::move(breaker);
  }
  [[nodiscard]] bool under_way() const noexcept { return call_ != nullptr; }

 private:
  /// At the call. What happens meanwhile, `again` remembers.
  enum class Looking : std::uint8_t { no, yes, again };

  void on_timer(TimePoint now) override;
  [[nodiscard]] bool may_begin(TimePoint now);
  void begin(TimePoint now);
  [[nodiscard]] bool prepare(ServicePtr service, std::string_view payload);
  void look();
  void finish(UpstreamCall::State how, TimePoint now);

  void on_call_event() override { look(); }
  http::IoStatus take_interim(const http::Head&, const http::FieldList&) override {
    return http::IoStatus::ok;
  }
  http::IoStatus invite_content() override { return http::IoStatus::ok; }
  void take_head(const ChosenHead& chosen) override { status_ = chosen.head.status; }
  http::Stream::Sent take_content(const http::Outbox::Content& content) override {
    return {http::IoStatus::ok, content.bytes.size()};
  }
  std::uint64_t content_taken() const noexcept override { return 0; }
  void give_up_answer() noexcept override {}
  void take_refusal(const Rejection&, const Remarks&) override { refused_ = true; }
  void take_kept(const KeptAnswer& kept, const Remarks&) override { status_ = kept.answer->status; }
  void take_failure(const LastWords&, const Remarks&) override {}

  Owner& owner_;
  CallPool& calls_;
  WorkerState& worker_;
  std::string service_;  ///< as which calls are made
  const std::shared_ptr<CallQueue> queue_;
  std::shared_ptr<CircuitBreaker> breaker_;
  QueueTurns turns_;

  std::optional<CallQueue::Lease> lease_;
  UpstreamCall* call_ = nullptr;    ///< borrowed from the pool while there is one
  std::optional<unsigned> status_;  ///< of a response; a refusal or a failure of the gateway's is none
  bool refused_ = false;            ///< by a policy
  Looking looking_ = Looking::no;
};

}  // namespace switchgear::gateway
