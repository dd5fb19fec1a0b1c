#include "switchgear/a2a/event_stream.hpp"

#include "switchgear/a2a/client/stream_core.hpp"

namespace switchgear::a2a {

namespace {

const std::string& no_task() noexcept {
  static const std::string none;
  return none;
}

boost::asio::awaitable<std::optional<StreamResponse>> no_event() { co_return std::nullopt; }

}  // namespace

EventStream::~EventStream() = default;

boost::asio::awaitable<std::optional<StreamResponse>> EventStream::next() {
  return core_ ? core_->next() : no_event();
}

const std::string& EventStream::task_id() const noexcept { return core_ ? core_->task_id() : no_task(); }

unsigned EventStream::resubscriptions() const noexcept { return core_ ? core_->resubscriptions() : 0; }

}  // namespace switchgear::a2a
