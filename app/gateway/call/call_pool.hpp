// The calls of one thread, made for the first ones and then used again.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>
#include <vector>

#include "app/gateway/call/lone_call.hpp"
#include "app/gateway/call/upstream_call.hpp"

namespace switchgear::gateway {

/// What a call needs while it is under way, and a connection that is idle does not. Threads: its loop's.
class CallPool final : private LoneCall::Owner {
 public:
  /// `worker` is borrowed.
  explicit CallPool(WorkerState& worker) : worker_(worker) {}
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;
  ~CallPool();

  [[nodiscard]] UpstreamCall* take();
  /// Ends the call.
  void give_back(UpstreamCall* call) noexcept;
  /// Of a call whose client has left: its verdict is waited for, and then it is given back, perhaps before
  /// this returns. Throws only std::bad_alloc, and then the call is as it was.
  void let_go_on(UpstreamCall* call, TimePoint now);

  [[nodiscard]] WorkerState& worker() const noexcept { return worker_; }

 private:
  using LoneCalls = boost::intrusive::list<LoneCall, boost::intrusive::base_hook<LoneHook>,
                                           boost::intrusive::constant_time_size<false>>;

  void verdict_is_there(LoneCall& lone) noexcept override;

  WorkerState& worker_;
  // All are kept: another thread may wake one at any time. As many as were ever under way at once.
  std::vector<std::unique_ptr<UpstreamCall>> all_;
  std::vector<UpstreamCall*> free_;
  LoneCalls lone_;
};

}  // namespace switchgear::gateway
