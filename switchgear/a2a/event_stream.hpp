// The events of one task, as they come.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "switchgear/a2a/message.hpp"

namespace switchgear::a2a {

class StreamCore;

/// An asynchronous sequence:
///
///     EventStream events = co_await agent.stream(Message{"plan a trip"});
///     while (const auto event = co_await events.next()) …
///
/// A connection that breaks is taken up again (SubscribeToTask) with growing delays, as the client's options
/// say; the message is never sent again. The first event after that is a Task: it replaces what the events
/// before it came to. Chunks of artifacts that are in it already are not given again. If the task has ended
/// meanwhile, its last state is the last event.
///
/// Move-only. Dropped: the connection is closed; the task goes on at the agent. Threads: those of the
/// client's executor, one next() at a time. Lifetime: the client's policies outlive it; the client need not.
class EventStream {
 public:
  EventStream() = default;  ///< of no events
  explicit EventStream(std::shared_ptr<StreamCore> core) : core_(std::move(core)) {}
  EventStream(EventStream&&) noexcept = default;
  EventStream& operator=(EventStream&&) noexcept = default;
  ~EventStream();

  /// Empty: the task has ended, or waits for its caller (input or authorisation), or a Message was the
  /// answer; and so from then on. Throws what a call throws, and Error (Errc::stream_broken) when the stream
  /// could not be taken up again: task_id() says for which task to ask later. Cancelled, it throws
  /// operation_aborted, and may be called again.
  [[nodiscard]] boost::asio::awaitable<std::optional<StreamResponse>> next();

  /// As far as events have told; empty: none yet.
  [[nodiscard]] const std::string& task_id() const noexcept;
  /// How often it was taken up again.
  [[nodiscard]] unsigned resubscriptions() const noexcept;

 private:
  std::shared_ptr<StreamCore> core_;
};

}  // namespace switchgear::a2a
