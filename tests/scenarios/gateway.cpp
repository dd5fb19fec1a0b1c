// The gateway as a caller: the real binary in real time, between a client and a dependency of the test's.
#include <poll.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "tests/gateway/gateway_process.hpp"
#include "tests/gateway/upstream.hpp"
#include "tests/scenarios/scenario.hpp"

namespace switchgear::scenarios {

namespace {

/// Answers in the order of the script. The first attempt of a call with others meanwhile waits for their end.
class Dependency {
 public:
  explicit Dependency(const Scenario& scenario)
      : scenario_(scenario), upstream_([this](wire::Socket& socket) { serve(socket); }) {}
  ~Dependency() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }

  [[nodiscard]] std::uint16_t port() const { return upstream_.port(); }
  [[nodiscard]] unsigned attempts(const std::string& call) {
    const std::lock_guard lock(mutex_);
    return attempts_[call];
  }
  void hold(const std::string& call) {
    const std::lock_guard lock(mutex_);
    held_ = call;
  }
  void wait_for_attempt(const std::string& call) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wire::patience, [&] { return attempts_[call] != 0; });
  }
  void release() {
    hold("");
    notify();
  }

 private:
  void notify() { changed_.notify_all(); }

  void serve(wire::Socket& socket) {
    while (const auto request = socket.read_request()) {
      const std::string call = request->field("x-call");
      std::unique_lock lock(mutex_);
      const bool first = ++attempts_[call] == 1;
      changed_.notify_all();
      if (first) changed_.wait_for(lock, wire::patience, [&] { return held_ != call || ending_; });
      const Reply reply = scenario_.replies[std::min(replies_++, scenario_.replies.size() - 1)];
      // The dependency's scripted time, not a wait for an event.
      changed_.wait_for(lock, reply.after, [&] { return ending_; });
      lock.unlock();
      if (reply.status == 0) return socket.reset();
      std::string fields;
      if (reply.retry_after != 0) fields = "Retry-After: " + std::to_string(reply.retry_after) + "\r\n";
      if (!socket.send("HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n" + fields +
                       "Content-Length: 4\r\n\r\nbody"))
        return;
    }
  }

  const Scenario& scenario_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, unsigned> attempts_;
  std::string held_;
  std::size_t replies_ = 0;
  bool ending_ = false;
  wire::Upstream upstream_;
};

/// `"reason":"open"` of a problem document.
std::string reason_in(const std::string& body) {
  const std::string name = "\"reason\":\"";
  const std::size_t begin = body.find(name);
  if (begin == std::string::npos) return "";
  return body.substr(begin + name.size(), body.find('"', begin + name.size()) - begin - name.size());
}

std::string decision_of(const wire::Message& answer) {
  if (const std::string reason = reason_in(answer.body); !reason.empty()) return reason;
  if (answer.has("x-switchgear-source"))
    return std::to_string(answer.status()) + " " + answer.field("x-switchgear-source");
  if (answer.field("content-type") == "application/problem+json") {
    if (answer.has("x-switchgear-chaos")) return "chaos";
    if (answer.status() == 502) return "connection_error";
    if (answer.status() == 504) return "timed_out";
  }
  return std::to_string(answer.status());
}

class GatewayCaller {
 public:
  explicit GatewayCaller(const Scenario& scenario)
      : dependency_(scenario),
        gateway_(wire::config_text({{"story", dependency_.port(), "/", "story"}},
                                   "  story: {" + scenario.policy + "}\n")) {}

  std::vector<Seen> play(const std::vector<Call>& calls) {
    std::vector<Seen> seen;
    for (const Call& call : calls) {
      if (call.pause > Duration::zero())
        ::poll(nullptr, 0,
               static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(call.pause).count()));
      const std::string name = std::to_string(++made_);
      if (call.meanwhile.empty()) {
        seen.push_back(make(call, name));
        continue;
      }
      dependency_.hold(name);
      auto outer = std::async(std::launch::async, [&, name] { return make(call, name); });
      dependency_.wait_for_attempt(name);
      for (const Call& other : call.meanwhile) seen.push_back(make(other, std::to_string(++made_)));
      dependency_.release();
      seen.push_back(outer.get());
    }
    return seen;
  }

 private:
  Seen make(const Call& call, const std::string& name) {
    wire::Socket client = wire::Socket::connect(gateway_.port());
    client.send(std::string(call.repeatable ? "GET" : "POST") + " / HTTP/1.1\r\nHost: story\r\nX-Call: " +
                name + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    const auto answer = client.read_response();
    return {answer ? decision_of(*answer) : "nothing", dependency_.attempts(name)};
  }

  Dependency dependency_;
  wire::GatewayProcess gateway_;
  std::atomic<unsigned> made_{0};
};

}  // namespace

std::vector<Seen> play_gateway(const Scenario& scenario) {
  return GatewayCaller{scenario}.play(scenario.calls);
}

}  // namespace switchgear::scenarios
