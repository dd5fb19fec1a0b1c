// The calls that a fallback has stored, made again once their service is back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/gateway/service/policy_set.hpp"
#include "switchgear/http/body_reader.hpp"
#include "switchgear/http/head_validator.hpp"
#include "switchgear/http/stream.hpp"
#include "switchgear/http/timer_wheel.hpp"

namespace switchgear::gateway {

class Worker;

/// What a queue keeps of a request: the client's address, and the message as it came.
void write_stored_request(std::string& payload, std::string_view client_address, std::string_view head);

/// One service's. Plays the client of one session after the other, over a pair of sockets, so that a stored
/// call goes through everything that any call goes through, but the fallback: the policies, the breaker, the
/// limits. An entry leaves the queue when its call got a whole answer that is neither a failure nor worth
/// repeating; until then it stays at the head, and is tried again after a pause that grows, or as soon as the
/// breaker closes. Threads: its worker's. Destroyed in the middle of a call, it leaves the entry in the
/// queue.
class QueueReplay final : private http::Stream::Owner, private http::Timer {
 public:
  QueueReplay(Worker& worker, std::string service, const PolicySet& policies);
  QueueReplay(const QueueReplay&) = delete;
  QueueReplay& operator=(const QueueReplay&) = delete;
  ~QueueReplay() override;

  [[nodiscard]] const std::shared_ptr<CallQueue>& queue() const noexcept { return queue_; }
  /// After a reload: a call under way goes on.
  void follow(std::shared_ptr<CircuitBreaker> breaker) noexcept { breaker_ = std::move(breaker); }

 private:
  void on_ready(http::Stream& stream) override;
  void on_timer(TimePoint now) override;
  [[nodiscard]] bool may_begin(TimePoint now);
  void begin();
  void send();
  void receive();
  [[nodiscard]] bool read_answer();
  void finish(bool whole);

  Worker& worker_;
  const std::string service_;
  const std::shared_ptr<CallQueue> queue_;
  std::shared_ptr<CircuitBreaker> breaker_;
  State seen_ = State::closed;
  TimePoint next_{};  ///< not before
  Duration pause_;

  // The call under way.
  std::optional<CallQueue::Lease> lease_;
  http::StreamPtr stream_;
  std::string_view unsent_;
  bool to_head_ = false;
  http::HeadValidator validator_;
  http::BodyReader body_;
  unsigned status_ = 0;  ///< 0: no final head yet
};

}  // namespace switchgear::gateway
