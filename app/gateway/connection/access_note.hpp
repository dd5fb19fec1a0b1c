// What the access log is told of one exchange after the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/gateway/access/access_recorder.hpp"
#include "app/gateway/call/upstream_call.hpp"

namespace switchgear::gateway {

/// Passes on what it is told about a request that is logged, and does nothing for any other. Of two reasons
/// the first stays: what follows it is its consequence. Threads: its loop's.
class AccessNote {
 public:
  /// Whose the answer is.
  static constexpr std::string_view gateway = "gateway";

  /// Both are borrowed.
  AccessNote(AccessRecorder& recorder, const std::string& client) noexcept
      : recorder_(recorder), client_(client) {}
  AccessNote(const AccessNote&) = delete;
  AccessNote& operator=(const AccessNote&) = delete;

  /// A request whose first byte came at `began`; harmless if it has begun already.
  void begin(TimePoint began) {
    if (entry_ == nullptr) entry_ = recorder_.begin(began);
  }
  void request(const http::Head& head, const http::FieldList& fields) {
    if (entry_ != nullptr) recorder_.note_request(*entry_, head, fields);
  }
  /// Who has made the request, if that is not who is connected.
  void client(std::string_view address) {
    if (entry_ != nullptr) entry_->put(AccessField::client, address);
  }
  /// `source`: service, cache, fallback or gateway.
  void answer(unsigned status, std::string_view source) {
    if (entry_ == nullptr) return;
    entry_->status = status;
    entry_->put(AccessField::source, source);
  }
  void reason(std::string_view word, std::string_view detail = {}) {
    if (entry_ != nullptr && entry_->get(AccessField::reason).empty()) put_reason(word, detail);
  }
  void service(const Service& service) {
    if (entry_ != nullptr) entry_->put(AccessField::service, service.name());
  }
  /// Writes the line. `call`: null if none was made.
  void end(const UpstreamCall* call, std::uint64_t bytes, TimePoint now) {
    if (entry_ != nullptr) write(call, bytes, now);
  }
  [[nodiscard]] bool open() const noexcept { return entry_ != nullptr; }

 private:
  void put_ids(const CallRequest& request);
  void put_reason(std::string_view word, std::string_view detail);
  void write(const UpstreamCall* call, std::uint64_t bytes, TimePoint now);

  AccessRecorder& recorder_;
  const std::string& client_;
  AccessEntry* entry_ = nullptr;  ///< null: not logged
};

}  // namespace switchgear::gateway
