// Which service takes a request: the routes of a whole configuration, the most specific first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/config/config.hpp"

namespace switchgear::config {

/// The fields of a request, as far as routes ask for them.
class RequestFields {
 public:
  /// Whether exactly one line has this name, and it has this value. A field that is there twice could be read
  /// either way, so it meets no condition. `name` is in lower case.
  [[nodiscard]] virtual bool has_once(std::string_view name, std::string_view value) const noexcept = 0;

 protected:
  ~RequestFields() = default;
};

/// Of any range of lines with a `name` and a `value`, which is borrowed.
template <class Lines>
class FieldsOf final : public RequestFields {
 public:
  explicit FieldsOf(const Lines& lines) noexcept : lines_(lines) {}

  [[nodiscard]] bool has_once(std::string_view name, std::string_view value) const noexcept override {
    std::size_t lines = 0;
    bool same = false;
    for (const auto& line : lines_) {
      if (!is_named(line.name, name)) continue;
      ++lines;
      same = line.value == value;
    }
    return lines == 1 && same;
  }

 private:
  static bool is_named(std::string_view text, std::string_view lower) noexcept {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
    }
    return true;
  }

  const Lines& lines_;
};

/// A request whose head has been validated. Borrows everything.
struct RoutedRequest {
  std::string_view method;
  std::string_view authority;  ///< of the target or of Host, with its port; empty: it names none
  std::string_view path;       ///< as TargetPath sees it
  const RequestFields& fields;
};

/// Made once for a configuration. The gateway and `switchgear check` ask the same one.
///
/// Of all routes whose conditions a request meets, the most specific wins, by the first of these that
/// differs:
///
///   1. host       an exact one, then the longest `*.…`, then none
///   2. path       an exact one, then the longest prefix; the slash at a prefix's end does not make it longer
///   3. methods    some, then any
///   4. headers    more, then fewer
///
/// The configuration refuses two routes that are equal in all of these and that one request could meet both.
///
/// Cost: routes of the request's host are looked at one by one, in that order; without hosts in the file
/// `authority` is not read. Never allocates after it is made. Threads: any; it does not change.
class Router {
 public:
  struct Target {
    std::size_t service = 0;  ///< its place among the services, which are in the order of their names
    std::string service_name;
    std::size_t number = 0;  ///< the route's place among those of its service
    Route route;
  };
  /// Why no route takes a request: what the most successful one lacked.
  enum class Miss : std::uint8_t { host, path, conditions };

  Router() = default;
  explicit Router(const std::map<std::string, Service>& services);

  /// Null: no route takes it. As long as the router lives.
  [[nodiscard]] const Target* find(const RoutedRequest& request) const noexcept;
  /// Precondition: find() is null.
  [[nodiscard]] Miss why_not(const RoutedRequest& request) const noexcept;
  /// All of them, as they are looked at.
  [[nodiscard]] std::span<const Target> in_order() const noexcept { return targets_; }

 private:
  /// What every look-up reads, apart from the rest.
  struct Key {
    std::string path;  ///< of a prefix without the slash at its end
    bool exact = false;
    bool conditional = false;  ///< has methods or headers

    [[nodiscard]] bool takes(std::string_view asked) const noexcept;
  };
  /// The routes of one host: a part of targets_.
  struct Group {
    std::string host;
    std::size_t first = 0;
    std::size_t last = 0;  ///< one past the end
  };

  void make_groups();
  /// Calls `see(group)` for each group whose host the request meets, until it returns true.
  template <class See>
  void for_each_group(std::string_view authority, See see) const noexcept;
  [[nodiscard]] const Target* find_in(const Group& group, const RoutedRequest& request) const noexcept;

  std::vector<Target> targets_;
  std::vector<Key> keys_;         ///< of targets_, by the same index
  std::vector<Group> exact_;      ///< sorted by host
  std::vector<Group> wildcards_;  ///< sorted by host, which is `.example.com` here
  Group any_;
};

/// What a client is told whose request no route takes.
[[nodiscard]] std::string_view to_string(Router::Miss miss) noexcept;

}  // namespace switchgear::config
