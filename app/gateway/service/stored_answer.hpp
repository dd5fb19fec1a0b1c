// An upstream's answer, or one made up beforehand, kept whole so that it can be given again. What may be
// kept: storing_rules.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"
#include "switchgear/http/field_list.hpp"
#include "switchgear/http/head.hpp"

namespace switchgear::gateway {

/// Copies share one content: a cache hands them to many clients at once. Threads: any; it is constant.
class StoredAnswer {
 public:
  struct Content {
    unsigned status = 200;
    std::string reason;  ///< empty: the usual phrase
    std::string fields;  ///< lines, each with its CR LF; none that frames or ends at a hop
    std::string body;
    std::optional<std::uint64_t>
        length{};                       ///< what Content-Length says to HEAD, when the body was never seen
    Duration age{};                     ///< what it had when it came: it had been in another cache
    Duration usable = Duration::max();  ///< how long after it came it may stand in for a failure
  };
  explicit StoredAnswer(Content content) : content_(std::make_shared<const Content>(std::move(content))) {}

  [[nodiscard]] const Content& operator*() const noexcept { return *content_; }
  [[nodiscard]] const Content* operator->() const noexcept { return content_.get(); }

 private:
  std::shared_ptr<const Content> content_;
};

/// All that it takes in memory: see answer_traits.hpp.
[[nodiscard]] std::size_t bytes_of(const StoredAnswer& answer) noexcept;
[[nodiscard]] inline Duration usable_for(const StoredAnswer& answer) noexcept { return answer->usable; }

/// A response on its way to one client, copied on the way for the next ones.
class ResponseCopy {
 public:
  /// A longer body than `most` bytes is not kept.
  void begin(const http::Head& head, const http::FieldList& fields, std::size_t most);
  void stop() noexcept;
  [[nodiscard]] bool running() const noexcept { return running_; }
  /// False when it has become too large: it has stopped then.
  bool append(std::string_view content);
  /// The whole answer; empty when none was being copied, or the last piece makes it too large.
  [[nodiscard]] std::optional<StoredAnswer> finish(std::string_view last_content);

 private:
  StoredAnswer::Content content_;
  std::size_t most_ = 0;
  bool running_ = false;
};

}  // namespace switchgear::gateway
