// The access log as one thread sees it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/gateway/access/access_entry.hpp"
#include "app/gateway/access/access_line.hpp"
#include "app/gateway/access/access_log.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// Decides which requests are logged, notes what their heads have, and formats their lines. Off, it costs one
/// branch. On, it allocates while entries and lines grow, and makes no system call. Threads: its loop's.
class AccessRecorder {
 public:
  /// `seed`: of the chance by which requests are sampled; not 0.
  explicit AccessRecorder(std::uint64_t seed) noexcept : chance_(seed) {}

  /// Null: off. `thread`: which of the log's rings is this thread's.
  void use(std::shared_ptr<const AccessLog> log, std::size_t thread);

  /// Of a request whose first byte came at `began`. Null: it is not logged. Else it ends with write().
  [[nodiscard]] AccessEntry* begin(TimePoint began) {
    if (log_ == nullptr) return nullptr;
    return is_sampled() ? take(began) : nullptr;
  }
  void note_request(AccessEntry& entry, const http::Head& head, const http::FieldList& fields) const;
  /// Pushes its line, and takes the entry back.
  void write(AccessEntry& entry, TimePoint now);

 private:
  static constexpr std::size_t kept = 64;  ///< entries that wait for the next requests

  [[nodiscard]] bool is_sampled() noexcept;
  [[nodiscard]] AccessEntry* take(TimePoint began);

  std::shared_ptr<const AccessLog> log_;  ///< null: off
  AccessRing* ring_ = nullptr;
  std::uint64_t version_ = 0;  ///< of the options
  std::uint64_t chance_;
  std::uint64_t below_ = 0;  ///< chances that are logged; the largest number: all
  std::optional<AccessLine> line_;
  TextBuffer text_;
  std::vector<std::unique_ptr<AccessEntry>> free_;
};

}  // namespace switchgear::gateway
