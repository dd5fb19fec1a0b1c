#include "app/gateway/call/call_pool.hpp"

namespace switchgear::gateway {

UpstreamCall* CallPool::take() {
  if (free_.empty()) {
    free_.push_back(all_.emplace_back(std::make_unique<UpstreamCall>(worker_)).get());
    free_.reserve(all_.size());  // so that give_back() never allocates
  }
  UpstreamCall* call = free_.back();
  free_.pop_back();
  return call;
}

void CallPool::give_back(UpstreamCall* call) noexcept {
  call->end();
  free_.push_back(call);
}

}  // namespace switchgear::gateway
