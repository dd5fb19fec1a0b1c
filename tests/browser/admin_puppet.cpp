// A registry and an admin server without a gateway, moved from outside: each line on stdin is one command,
// and each is answered by one line on stdout, so that a test can wait for its command.
//
//   admin_puppet [--token T] [--answers yes]    prints `port N`
//   add NAME                   a breaker that opens at 50% failures of at least 4 calls, for 30 s
//   quick NAME                 the same, but it opens for 100 ms
//   tag NAME KEY VALUE
//   crowd COUNT                further breakers, service-0000 and on, each of which was open once
//   stir COUNT                 as many successful calls to every breaker, up to two more to some
//   calls NAME COUNT           successful calls of 5 ms (refused ones count as rejected)
//   failures NAME COUNT        failed calls of 20 ms
//   probe NAME                 a call that does not end
//   hold                       GET /readyz, and with it the server, stands still until `release`
//   held                       waits until it does
//   release
//   answer PATH JSON           with --answers: of GET /history or /alerts; GET /received has
//                              what was sent to the resources that change something
//   remove NAME                NAME goes, as after a reload
//   quit
//
// In NAME, `%20` stands for a space; otherwise names are data and may hold anything.

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "switchgear/admin/server.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/registry/breaker_registry.hpp"
#include "switchgear/registry/ticker.hpp"

namespace {

using namespace switchgear;
using namespace std::chrono_literals;

CircuitBreakerOptions sensitive() {
  CircuitBreakerOptions options;
  options.minimum_calls = 4;
  options.failure_rate = 0.5;
  options.open_duration = 30s;
  options.half_open.permitted_calls = 2;
  return options;
}

/// With a space for each `%20`.
std::string spaced(std::string text) {
  for (auto at = text.find("%20"); at != std::string::npos; at = text.find("%20")) text.replace(at, 3, " ");
  return text;
}

TimePoint now() { return std::chrono::steady_clock::now(); }

/// Lets a test stop the server's thread, so that it falls behind for certain.
class Hold {
 public:
  enum State : std::uint8_t { off, armed, standing };

  void set(State state) {
    const std::lock_guard lock{mutex_};
    state_ = state;
    changed_.notify_all();
  }
  void wait_for(State state) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return state_ == state; });
  }
  /// Returns at once unless armed.
  void pass() {
    std::unique_lock lock{mutex_};
    if (state_ != armed) return;
    state_ = standing;
    changed_.notify_all();
    changed_.wait(lock, [&] { return state_ == off; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = off;
};

/// Plays the resources of a gateway with what a test tells it to answer.
class Answers {
 public:
  void set(const std::string& path, const std::string& json) {
    const std::lock_guard lock{mutex_};
    answers_[path] = boost::json::parse(json);
  }

  [[nodiscard]] std::vector<admin::AddedResource> resources() {
    using admin::Method;
    using admin::ResourceRequest;
    std::vector<admin::AddedResource> made;
    const auto answer = [&](const char* path, std::vector<std::string> parameters) {
      made.push_back({Method::get, path, std::move(parameters),
                      [this, path](const ResourceRequest&) { return answered(path); }});
    };
    const auto receive = [&](const char* path, const char* word) {
      made.push_back({Method::post,
                      path,
                      {},
                      [this, word](const ResourceRequest& request) { return received(word, request); },
                      word});
    };
    answer("/history", {"name", "from", "to", "step"});
    answer("/alerts", {});
    receive("/alerts/{name}/acknowledge", "acknowledge");
    receive("/silences", "silence");
    receive("/silences/{name}/end", "end-silence");
    made.push_back({Method::get, "/received", {}, [this](const ResourceRequest&) {
                      const std::lock_guard lock{mutex_};
                      return admin::Json{received_};
                    }});
    return made;
  }

 private:
  admin::ResourceAnswer answered(const std::string& path) {
    const std::lock_guard lock{mutex_};
    const auto found = answers_.find(path);
    if (found == answers_.end()) return admin::Problem{503, "nothing to answer yet"};
    return admin::Json{found->second};
  }
  admin::ResourceAnswer received(const char* word, const admin::ResourceRequest& request) {
    const std::lock_guard lock{mutex_};
    received_.push_back({{"command", word}, {"name", request.name}, {"body", request.body}});
    return admin::Json{{{"done", true}}};
  }

  std::mutex mutex_;
  std::map<std::string, boost::json::value> answers_;
  boost::json::array received_;
};

class Puppet {
 public:
  Puppet(std::string token, bool answers)
      : admin_(registry_, {.port = 0, .token = std::move(token)},
               {.ready =
                    [this] {
                      hold_.pass();
                      return true;
                    },
                .reload = reload,
                .policies = [this] { return policies(); },
                .durations = &durations_,
                .resources = answers ? answers_.resources() : std::vector<admin::AddedResource>{}}) {
    admin_.start();
  }

  [[nodiscard]] std::uint16_t port() const { return admin_.port(); }

  /// False for a line that is none of the commands.
  bool obey(const std::string& line) {
    std::istringstream words{line};
    std::string verb;
    std::string name;
    int count = 1;
    words >> verb >> name >> count;
    name = spaced(name);
    if (verb == "add" || verb == "quick") {
      CircuitBreakerOptions& options = wanted_[name] = sensitive();
      if (verb == "quick") options.open_duration = 100ms;
      registry_.apply(wanted_, now());
    } else if (verb == "tag") {
      std::istringstream rest{line};
      std::string key;
      std::string value;
      rest >> verb >> value >> key >> value;
      registry_.tag(name, {{key, value}});
    } else if (verb == "crowd") {
      crowd(std::stoi(name));
    } else if (verb == "stir") {
      stir(std::stoi(name));
    } else if (verb == "answer") {
      answers_.set(name, spaced(line.substr(line.find(name) + name.size())));
    } else if (verb == "hold") {
      hold_.set(Hold::armed);
    } else if (verb == "held") {
      hold_.wait_for(Hold::standing);
    } else if (verb == "release") {
      hold_.set(Hold::off);
    } else if (verb == "probe") {
      auto breaker = registry_.get_or_create(name, sensitive(), now());
      auto permit = breaker->try_acquire(now());
      if (!permit) return false;
      held_.push_back({std::move(breaker), std::move(*permit)});
    } else if (verb == "remove") {
      wanted_.erase(name);
      registry_.apply(wanted_, now());
    } else if (verb == "calls") {
      make_calls(name, count, Outcome::success(5ms));
    } else if (verb == "failures") {
      make_calls(name, count, Outcome::failure(FailureType::http_error, 20ms));
    } else {
      return false;
    }
    return true;
  }

 private:
  struct Held {
    std::shared_ptr<CircuitBreaker> breaker;  // outlives its permit
    CircuitBreaker::Permit permit;
  };

  void make_calls(const std::string& name, int count, const Outcome& outcome) {
    const auto breaker = registry_.get_or_create(name, sensitive(), now());
    const auto durations = durations_.of(name);
    for (int i = 0; i < count; ++i) {
      auto permit = breaker->try_acquire(now());
      if (!permit) continue;
      std::move(*permit).record(outcome, now());
      (outcome.verdict == Verdict::success ? durations->success : durations->failure).record(outcome.latency);
    }
  }

  void crowd(int size) {
    std::vector<std::string> names;
    for (int i = 0; i < size; ++i) {
      const std::string number = std::to_string(10'000 + i);
      names.push_back("service-" + number.substr(1));
      wanted_[names.back()] = sensitive();
    }
    registry_.apply(wanted_, now());
    for (const std::string& name : names) {
      make_calls(name, 4, Outcome::failure(FailureType::http_error, 20ms));
      registry_.command(name, Command::reset, now());
    }
  }

  void stir(int count) {
    int further = 0;
    for (const auto& breaker : registry_.all()) {
      make_calls(breaker->name(), count + further, Outcome::success(5ms));
      further = (further + 1) % 3;
    }
  }

  static admin::ReloadResult reload() { return {true, {"nothing changed"}}; }

  std::map<std::string, std::string> policies() {
    std::map<std::string, std::string> names;
    for (const auto& breaker : registry_.all()) names[breaker->name()] = "sensitive";
    return names;
  }

  BreakerRegistry registry_{{now(), std::chrono::system_clock::now()}, 1};
  const Ticker ticker_{registry_, now};
  CallDurations durations_;
  std::map<std::string, CircuitBreakerOptions> wanted_;
  std::vector<Held> held_;
  Hold hold_;
  Answers answers_;
  admin::Server admin_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    std::string token;
    bool answers = false;
    for (int i = 1; i + 1 < argc; i += 2) {
      const std::string option{argv[i]};
      if (option == "--token") token = argv[i + 1];
      if (option == "--answers") answers = true;
    }
    Puppet puppet{token, answers};
    std::cout << "port " << puppet.port() << '\n' << std::flush;
    for (std::string line; std::getline(std::cin, line) && line != "quit";) {
      std::cout << (puppet.obey(line) ? "done" : "what?") << '\n' << std::flush;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
