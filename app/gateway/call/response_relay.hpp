// The response of one attempt: decided about, and then handed on as fast as the client takes it.
#pragma once

#include <cstdint>
#include <optional>

#include "app/gateway/call/attempt.hpp"
#include "app/gateway/call/call_client.hpp"
#include "app/gateway/call/reader_pace.hpp"
#include "app/gateway/service/stored_answer.hpp"
#include "switchgear/core/outcome.hpp"
#include "switchgear/http/failure_classifier.hpp"

namespace switchgear::gateway {

/// Moves bytes and may keep a copy of them. What that means for the call is for the call to say: so each
/// function does one thing, and says what it has found. Threads: one at a time.
class ResponseRelay {
 public:
  enum class Found : std::uint8_t {
    piece,           ///< of look(): move() it
    last_piece,      ///< the same, and the content's end is there, as is told once
    moved,           ///< of move(): look for the next one
    copy_too_large,  ///< the same, and no copy is kept any more
    wait,            ///< for the upstream
    client_blocked,  ///< for the client, which does not take what is there for it
    complete,        ///< all of it is out
    client_left,
    failure,  ///< attempt()->failure()
  };

  /// The attempt's final head has come.
  void take(Attempt& attempt, const http::FieldList& fields);
  /// A copy is kept of what follows. Before accept_head(). A longer body than `most` bytes is not kept.
  void keep_copy(const http::FieldList& fields, std::size_t most) {
    copy_.begin(attempt_->head(), fields, most);
  }
  void stop_copy() noexcept { copy_.stop(); }
  [[nodiscard]] bool keeps_copy() const noexcept { return copy_.running(); }
  /// After `last_piece`; empty without a copy.
  [[nodiscard]] std::optional<StoredAnswer> take_copy() noexcept {
    return std::exchange(whole_, std::nullopt);
  }
  /// Of a stream: its latency does not grow any more.
  void end_latency(Duration latency) noexcept { latency_ = latency; }

  /// What there is of the content: a piece, which may be empty, or `failure`.
  [[nodiscard]] Found look();
  /// What look() has found and none before it had.
  [[nodiscard]] std::string_view fresh() const noexcept { return fresh_; }
  [[nodiscard]] Found move(CallClient& client, TimePoint now);
  /// The service's breaking off, that is: the client has kept it waiting.
  [[nodiscard]] bool may_be_clients_doing(TimePoint now) const noexcept {
    return pauses_.may_explain_end(now);
  }
  [[nodiscard]] bool client_blocks() const noexcept { return pauses_.blocked(); }
  void forget() noexcept;

  /// Null: no head has come.
  [[nodiscard]] Attempt* attempt() const noexcept { return attempt_; }
  [[nodiscard]] unsigned status() const noexcept { return status_; }
  /// Of a 429 or 503.
  [[nodiscard]] const std::optional<Duration>& retry_after() const noexcept { return retry_after_; }
  /// `so_far`: the attempt's latency, unless it ended earlier.
  [[nodiscard]] Outcome outcome(const http::FailureClassifier& classifier, http::Support method,
                                Duration so_far) const {
    return classifier.of_status(status_, latency(so_far), retry_after_, method);
  }
  [[nodiscard]] Duration latency(Duration so_far) const noexcept { return latency_.value_or(so_far); }

 private:
  enum class End : std::uint8_t { not_there, told };

  [[nodiscard]] Found read_more(TimePoint now);
  [[nodiscard]] bool copy(std::string_view content);

  Attempt* attempt_ = nullptr;
  unsigned status_ = 0;
  End end_ = End::not_there;  ///< of the content
  http::Outbox::Content piece_;
  std::string_view fresh_;     ///< end of the piece
  std::size_t looked_at_ = 0;  ///< bytes that are still to be moved
  std::optional<Duration> retry_after_;
  std::optional<Duration> latency_;
  ReaderPauses pauses_;
  ResponseCopy copy_;
  std::optional<StoredAnswer> whole_;
};

}  // namespace switchgear::gateway
