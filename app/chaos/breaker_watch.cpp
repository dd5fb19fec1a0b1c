#include "app/chaos/breaker_watch.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cctype>
#include <optional>
#include <utility>

#include "switchgear/config/timestamp.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/http/blocking_client.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::chaos {
namespace {

namespace json = boost::json;

constexpr auto patience = std::chrono::seconds{3};

std::string text_of(const json::object& object, const char* key) {
  return std::string{object.at(key).as_string()};
}

/// A breaker's name as one segment of a path.
std::string escaped(const std::string& name) {
  constexpr const char* digits = "0123456789ABCDEF";
  std::string path;
  for (const char each : name) {
    const auto byte = static_cast<unsigned char>(each);
    if (std::isalnum(byte) != 0 || each == '-' || each == '_' || each == '.') {
      path += each;
    } else {
      path += {'%', digits[byte >> 4U], digits[byte & 15U]};
    }
  }
  return path;
}

/// Of the list of all.
struct Shown {
  std::string name;
  std::string state;
  std::uint64_t generation = 0;
};

std::vector<Shown> shown_in(const json::object& all) {
  std::vector<Shown> shown;
  for (const json::value& each : all.at("circuit_breakers").as_array()) {
    const json::object& breaker = each.as_object();
    shown.push_back({text_of(breaker, "name"), text_of(breaker, "state"),
                     breaker.at("generation").to_number<std::uint64_t>()});
  }
  return shown;
}

/// What `read` makes of an answer. Boost.JSON throws exceptions of several kinds where a member does not
/// exist or is of another kind.
template <class Read>
auto understood(const std::string& url, Read read) {
  try {
    return read();
  } catch (const std::exception&) {
    throw Unreachable(url + " does not answer as an admin server of Switchgear does");
  }
}

}  // namespace

BreakerWatch::BreakerWatch(const control::AdminServer& server)
    : server_(server),
      url_(server.url),
      client_(std::make_unique<http::BlockingClient>(server.url,
                                                     control::client_options(server, "application/json"))) {
  begin(Clock::now());
  static_cast<void>(look());
}

BreakerWatch::~BreakerWatch() = default;

void BreakerWatch::begin(Clock::time_point start) {
  start_ = start;
  wall_start_ = std::chrono::system_clock::now() + (start - Clock::now());
  looked_ = Duration::zero();
}

json::object BreakerWatch::ask(const std::string& target) {
  try {
    const http::Response answer = client_->get(http::Request{target}.timeout(patience));
    if (!answer.ok())
      throw Unreachable(answer.status == 401
                            ? url_ + " " + control::token_problem(server_, control::Access::read)
                            : url_ + target + " answered " + std::to_string(answer.status));
    json::value content = answer.json();
    if (!content.is_object()) throw Unreachable(url_ + target + " did not answer with a JSON object");
    return std::move(content.as_object());
  } catch (const http::Error& failed) {
    throw Unreachable(url_ + ": " + control::told(failed));
  } catch (const Rejected&) {
    throw Unreachable(url_ + " did not answer in time");
  }
}

std::vector<Transition> BreakerWatch::look() {
  const json::object all = ask("/circuit-breakers");
  const std::vector<Shown> shown = understood(url_, [&] { return shown_in(all); });
  std::vector<Transition> found;
  for (const Shown& breaker : shown) {
    const auto [known, is_new] = generations_.try_emplace(breaker.name, breaker.generation);
    if (is_new) {
      names_.insert(breaker.name);
      initially_[breaker.name] = breaker.state;
    } else if (known->second != breaker.generation) {
      std::uint64_t before = std::exchange(known->second, breaker.generation);
      if (breaker.generation < before) {  // the target was started again, and its breakers with it
        before = 0;
        if (const std::string& was = states_[breaker.name]; was != "closed")
          found.push_back({breaker.name, looked_, was, "closed", "restart"});
      }
      add_new(breaker.name, before, found);
    }
    states_[breaker.name] = breaker.state;
  }
  looked_ = Clock::now() - start_;
  std::ranges::stable_sort(found, {}, &Transition::at);
  return found;
}

void BreakerWatch::add_new(const std::string& name, std::uint64_t after, std::vector<Transition>& found) {
  const json::object breaker = ask("/circuit-breakers/" + escaped(name));
  const Duration now = Clock::now() - start_;
  std::map<std::uint64_t, Transition> in_order;  // by generation: times may be equal
  understood(url_, [&] {
    for (const json::value& each : breaker.at("transitions").as_array()) {
      const json::object& from = each.as_object();
      const auto generation = from.at("generation").to_number<std::uint64_t>();
      if (generation <= after) continue;
      // The target's clock says when; if it is not ours, at least between the last look and this one.
      Duration at = now;
      if (const auto wall = config::parse_timestamp(text_of(from, "at"))) at = *wall - wall_start_;
      in_order[generation] = {name,
                              std::clamp(at, std::min(looked_, now), now),
                              text_of(from, "from"),
                              text_of(from, "to"),
                              text_of(from, "rule"),
                              from.at("value").to_number<double>(),
                              from.at("threshold").to_number<double>()};
    }
  });
  generations_[name] = in_order.empty() ? after : in_order.rbegin()->first;
  Duration earliest{};
  for (auto& [generation, transition] : in_order) {
    // A clock that is set back changes no order.
    earliest = transition.at = std::max(transition.at, earliest);
    found.push_back(std::move(transition));
  }
}

}  // namespace switchgear::chaos
