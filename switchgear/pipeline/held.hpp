// What a layer holds of a policy during one call, or nothing.
#pragma once

#include <memory>
#include <optional>
#include <utility>

namespace switchgear::detail {

/// As std::optional<Permit>, all of it inline: g++ calls the optional's destructor on the ways that it takes
/// for unlikely, and an object whose address is handed to a function is kept in memory on all ways, with
/// everything around it (fast_lane.hpp). The permit's own move and destructor must be inline as well.
template <class Permit>
class Held {
 public:
  [[gnu::always_inline]] Held() noexcept : nothing_{}, holds_(false) {}
  [[gnu::always_inline]] Held(Held&& other) noexcept : nothing_{}, holds_(other.holds_) {
    if (holds_) std::construct_at(std::addressof(permit_), std::move(other.permit_));
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  [[gnu::always_inline]] ~Held() {
    if (holds_) std::destroy_at(std::addressof(permit_));
  }

  /// Precondition: holds nothing.
  [[gnu::always_inline]] void take(Permit&& permit) noexcept {
    std::construct_at(std::addressof(permit_), std::move(permit));
    holds_ = true;
  }
  [[gnu::always_inline]] void drop() noexcept {
    if (std::exchange(holds_, false)) std::destroy_at(std::addressof(permit_));
  }

  /// Precondition: holds one.
  [[gnu::always_inline]] Permit&& operator*() noexcept { return std::move(permit_); }
  /// To be used and kept. Precondition: holds one.
  [[nodiscard]] Permit& get() noexcept { return permit_; }
  [[nodiscard, gnu::always_inline]] explicit operator bool() const noexcept { return holds_; }

 private:
  union {
    char nothing_;
    Permit permit_;
  };
  bool holds_;
};

}  // namespace switchgear::detail
