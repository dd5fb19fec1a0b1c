// The header fields of one message, as a user of the client reads and writes them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace switchgear::http {

/// In the order in which they were added. Names are compared without regard to case.
///
///     Headers headers;
///     headers.add("Accept", "text/plain").set("X-Request-Id", id);
///     headers.get("accept");                                       // "text/plain"
///
/// add() and set() throw std::invalid_argument if a name is not a token (RFC 9110, 5.1), or if a value holds
/// a line break or another control character: such a value could end the header and begin a request of its
/// own. Threads: one.
class Headers {
 public:
  using Header = std::pair<std::string, std::string>;

  Headers() = default;

  /// One more, beside those of the same name.
  Headers& add(std::string_view name, std::string_view value);
  /// Replaces all of that name.
  Headers& set(std::string_view name, std::string_view value);
  void erase(std::string_view name) noexcept;

  /// The value of the first one; empty if there is none.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return get(name).has_value(); }
  /// Whether a header that is a list (`a, b`), or one of several of that name, holds `element`, without
  /// regard to case.
  [[nodiscard]] bool lists(std::string_view name, std::string_view element) const noexcept;

  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Header> all_;
};

/// The headers that say who asks, and that go to one origin only.
inline constexpr std::array<std::string_view, 3> credentials{"Authorization", "Cookie",
                                                             "Proxy-Authorization"};
[[nodiscard]] bool is_credential(std::string_view name) noexcept;

}  // namespace switchgear::http
