// What `switchgear status --watch` prints: which lines an event of the stream makes.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/control/server_events.hpp"

namespace switchgear::control {

enum class LineFormat : std::uint8_t { text, json };

/// A line for each breaker at first, then one for each transition, and for each change of a breaker's state
/// or mode that the stream told without one; for a breaker that is new, or was removed. Decides only: it
/// neither reads nor prints.
///
/// As text: `2026-03-01T12:00:00.000Z  payment  open  failures …`, as line_of() has it. As JSON:
/// `{"at": …, "event": "breaker" | "change" | "removed" | "sample", "circuit_breaker": {…}}`.
class StatusWatch {
 public:
  using Lines = std::vector<std::string>;

  /// Of one breaker, or of all if `name` is empty.
  StatusWatch(std::string name, LineFormat format) : only_(std::move(name)), format_(format) {}

  /// Throws std::exception for data that is not what an admin API sends.
  [[nodiscard]] Lines on(const ServerEvent& event);

  /// One line for each breaker, as it was last seen.
  [[nodiscard]] Lines sample(std::string_view at) const;

  /// A snapshot has come, and the breaker that was asked for was not in it.
  [[nodiscard]] bool misses_its_breaker() const {
    return seen_snapshot_ && !only_.empty() && breakers_.empty();
  }

 private:
  void update(const boost::json::object& all, bool whole, Lines& lines);
  void update_one(const boost::json::object& breaker, std::string_view at, Lines& lines);
  void tell_transitions(const boost::json::object& breaker, Lines& lines);
  [[nodiscard]] std::string line(std::string_view event, std::string_view at,
                                 const boost::json::object& breaker) const;

  std::string only_;
  LineFormat format_;
  bool seen_snapshot_ = false;
  std::size_t width_ = 0;
  std::map<std::string, boost::json::object, std::less<>> breakers_;
  std::map<std::string, std::vector<boost::json::object>, std::less<>> transitions_;  ///< not printed yet
};

}  // namespace switchgear::control
