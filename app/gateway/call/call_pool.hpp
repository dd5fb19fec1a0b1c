// The calls of one thread, made for the first ones and then used again.
#pragma once

#include <memory>
#include <vector>

#include "app/gateway/call/upstream_call.hpp"

namespace switchgear::gateway {

/// What a call needs while it is under way, and a connection that is idle does not. Threads: its loop's.
class CallPool {
 public:
  /// `worker` is borrowed.
  explicit CallPool(WorkerState& worker) : worker_(worker) {}
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  [[nodiscard]] UpstreamCall* take();
  /// Ends the call.
  void give_back(UpstreamCall* call) noexcept;

  [[nodiscard]] WorkerState& worker() const noexcept { return worker_; }

 private:
  WorkerState& worker_;
  // All are kept: another thread may wake one at any time. As many as were ever under way at once.
  std::vector<std::unique_ptr<UpstreamCall>> all_;
  std::vector<UpstreamCall*> free_;
};

}  // namespace switchgear::gateway
