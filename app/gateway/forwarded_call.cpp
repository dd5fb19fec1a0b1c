#include "app/gateway/forwarded_call.hpp"

#include <boost/asio/post.hpp>

namespace switchgear::gateway {

namespace {
constexpr std::size_t worth_keeping = 4096;

void forget(std::string& text) noexcept {
  if (text.empty()) return;
  text.clear();
  if (text.capacity() > worth_keeping) text.shrink_to_fit();
}
}  // namespace

void ForwardedCall::end(http::ConnectionPool& pool) noexcept {
  machine.reset();  // first: it borrows what follows
  if (first_.running()) first_.abandon(pool);
  for (const std::unique_ptr<Attempt>& hedge : hedges_) {
    if (hedge->running()) hedge->abandon(pool);
  }
  if (!hedges_.empty()) hedges_.clear();
  if (answer.value || answer.details) answer = {};
  waiting = woken_ = holds_body = false;
  until = TimePoint::max();
  forget(head);
  forget(body);
  forget(key);
  forget(payload);
  if (copy.running()) copy.stop();
  head_at_hand = nullptr;
  changes.reset();
  owner_ = nullptr;
}

void ForwardedCall::wake() noexcept {
  boost::asio::post(loop_.context(), [this] {
    if (owner_ == nullptr) return;
    woken_ = true;
    owner_->on_call_event();
  });
}

Attempt& ForwardedCall::hedge(unsigned branch) {
  while (hedges_.size() < branch) hedges_.push_back(std::make_unique<Attempt>());
  return *hedges_[branch - 1];
}

ForwardedCall* CallPool::take(CallOwner& owner) {
  if (free_.empty()) {
    free_.push_back(all_.emplace_back(std::make_unique<ForwardedCall>(loop_)).get());
    free_.reserve(all_.size());  // so that give_back() never allocates
  }
  ForwardedCall* call = free_.back();
  free_.pop_back();
  call->begin(owner);
  return call;
}

void CallPool::give_back(ForwardedCall* call) { free_.push_back(call); }

}  // namespace switchgear::gateway
