// What is counted under a name, kept for a while after its last user has let go of it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "switchgear/core/time.hpp"

namespace switchgear {

/// Names come and go with the configuration, and what was counted under them must not stay for good. It stays
/// for `kept_for` after it was last in use, so that a reader that comes every few seconds gets the last
/// counts; a name that comes back within that time goes on counting, and later it begins at zero.
///
/// In use is what is held through the pointers that of() and find() gave. Threads: one at a time.
template <class Counted>
class KeptByName {
 public:
  static constexpr Duration kept_for = std::chrono::minutes{1};

  /// What is counted under the name, made when it is not known.
  [[nodiscard]] std::shared_ptr<Counted> of(std::string_view name) {
    const auto known = all_.find(name);
    if (known != all_.end()) return known->second.counted;
    return all_.emplace(std::string{name}, Entry{std::make_shared<Counted>(), {}}).first->second.counted;
  }

  /// Null when the name is not known.
  [[nodiscard]] std::shared_ptr<Counted> find(std::string_view name) const {
    const auto known = all_.find(name);
    return known == all_.end() ? nullptr : known->second.counted;
  }

  /// Forgets what has been out of use for long enough, and notes what is out of use now. Nothing else holds
  /// that, so no other thread can begin to use it meanwhile.
  void forget_unused(TimePoint now) {
    for (auto next = all_.begin(); next != all_.end();) {
      Entry& entry = next->second;
      if (entry.counted.use_count() > 1) {
        entry.unused_since.reset();
      } else if (!entry.unused_since) {
        entry.unused_since = now;
      } else if (now - *entry.unused_since >= kept_for) {
        next = all_.erase(next);
        continue;
      }
      ++next;
    }
  }

  /// In the order of their names.
  template <class See>
  void for_each(See see) const {
    for (const auto& [name, entry] : all_) see(name, *entry.counted);
  }

 private:
  struct Entry {
    std::shared_ptr<Counted> counted;
    std::optional<TimePoint> unused_since;
  };

  std::map<std::string, Entry, std::less<>> all_;
};

}  // namespace switchgear
