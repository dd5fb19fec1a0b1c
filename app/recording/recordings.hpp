// app/recording: traces of running breakers. Knows breakers and their events; never here: what is done with a
// trace, or who may have one (the admin server sees to that).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "switchgear/observe/call_recorder.hpp"
#include "switchgear/policy/breakers_by_value.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::recording {

/// At most so many at once; the calls of all of them fill 128 MB, or 208 MB with values and routes.
inline constexpr std::size_t most_recordings = 8;
inline constexpr std::size_t most_calls = 1'000'000;
inline constexpr Duration longest = std::chrono::hours{24};
/// A recording that is over is kept for so long, unless it has to make room for a new one.
inline constexpr Duration kept_for = std::chrono::minutes{15};

struct Wanted {
  Duration length = std::chrono::minutes{1};  ///< above 0, to `longest`
  double sample = 1;                          ///< (0, 1]
  std::size_t most = most_calls;              ///< 1 … most_calls
};

struct Recording {
  std::string circuit;
  TimePoint from{};
  TimePoint until{};
  double sample = 1;
  bool over = false;
  bool full = false;  ///< there is no room for more calls
  RecorderCounts counts{};
};

enum class Refusal : std::uint8_t {
  no_such_circuit,
  runs_already,  ///< one at a time for each circuit
  too_many,
  not_over,
};

/// Threads: any.
class Recordings {
 public:
  /// The breakers by value of a service; null: it has none.
  using ValuesOf = std::function<std::shared_ptr<BreakersByValue>(const std::string& service)>;

  /// The policies that routes of a service have, whose breakers are called `SERVICE/POLICY`; empty: none.
  using RoutesOf = std::function<std::vector<std::string>(const std::string& service)>;

  explicit Recordings(
      BreakerRegistry& registry, ValuesOf values = [](const std::string&) { return nullptr; },
      RoutesOf routes = [](const std::string&) { return std::vector<std::string>{}; })
      : registry_(registry), values_(std::move(values)), routes_(std::move(routes)) {}
  Recordings(const Recordings&) = delete;
  Recordings& operator=(const Recordings&) = delete;
  ~Recordings();

  /// Takes the place of one of that circuit that is over.
  [[nodiscard]] std::variant<Recording, Refusal> start(const std::string& circuit, const Wanted& wanted,
                                                       TimePoint now);
  /// Ends it now, if it is not over.
  [[nodiscard]] std::variant<Recording, Refusal> stop(const std::string& circuit, TimePoint now);
  /// Sorted by circuit.
  [[nodiscard]] std::vector<Recording> all(TimePoint now);
  /// Lines `after` … of a recording that is over, at most `count` of them.
  [[nodiscard]] std::variant<std::string, Refusal> lines(const std::string& circuit, std::size_t after,
                                                         std::size_t count, TimePoint now);

  /// Ends those whose time is over, and forgets old ones. To be called about every second: until then, a
  /// breaker goes on telling of its calls.
  void look(TimePoint now);

 private:
  struct Entry {
    std::shared_ptr<CallRecorder> recorder;
    /// These tell of the calls, and the breaker around of what it refuses; null: it tells of all.
    std::shared_ptr<BreakersByValue> values;
    std::map<std::string, std::shared_ptr<EventSink>> routes;  ///< by policy; null: it has no breaker
    TimePoint until{};
    bool over = false;
    std::optional<std::vector<CallRecord>> calls;  ///< once they were asked for
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  void look_locked(TimePoint now);
  /// False if there is neither a breaker nor breakers by value of that name, nor those of routes.
  [[nodiscard]] bool listen(const std::string& circuit, Entry& entry);
  void stop_listening(const std::string& circuit, Entry& entry);
  /// After a reload, a service may have other routes and breakers by value, or none.
  void follow(const std::string& circuit, Entry& entry);
  void end(const std::string& circuit, Entry& entry, TimePoint at);
  [[nodiscard]] static Recording seen(const std::string& circuit, const Entry& entry);
  [[nodiscard]] bool make_room();

  BreakerRegistry& registry_;
  const ValuesOf values_;
  const RoutesOf routes_;
  std::mutex mutex_;
  Entries entries_;
  std::uint64_t started_ = 0;
};

}  // namespace switchgear::recording
