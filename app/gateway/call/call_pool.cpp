#include "app/gateway/call/call_pool.hpp"

namespace switchgear::gateway {

CallPool::~CallPool() {
  while (!lone_.empty()) verdict_is_there(lone_.front());
}

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

void CallPool::let_go_on(UpstreamCall* call, TimePoint now) {
  auto* lone = new LoneCall{*this, worker_.loop, *call};
  lone_.push_back(*lone);
  lone->begin(now);  // ends with verdict_is_there()
}

void CallPool::verdict_is_there(LoneCall& lone) noexcept {
  give_back(&lone.call());
  delete &lone;
}

}  // namespace switchgear::gateway
