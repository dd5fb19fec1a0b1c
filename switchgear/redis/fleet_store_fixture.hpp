// What members ask of one circuit's store, word by word, of a real Redis.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "switchgear/redis/fleet_scripts.hpp"
#include "switchgear/redis/redis_server_fixture.hpp"

namespace switchgear::redis {

/// What the members of a fleet could ask of one circuit.
class Circuit {
 public:
  Circuit() : connection_(server().port()) { (void)connection_.run(command({"FLUSHALL"})); }

  static RedisServer& server() {
    static RedisServer one;
    return one;
  }

  Reply eval(const Script& script, const std::vector<std::string>& arguments) {
    if (by_digest && loaded_.insert(script.digest()).second)
      (void)connection_.run(command({"SCRIPT", "LOAD", script.text()}));
    std::vector<std::string_view> words{by_digest ? "EVALSHA" : "EVAL",
                                        by_digest ? script.digest() : script.text(), "2", "{sg:t:c}:fleet",
                                        "{sg:t:c}:votes"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    Reply reply = connection_.run(command(words));
    EXPECT_FALSE(reply.is_error()) << reply.text;
    return reply;
  }

  Reply vote(const std::string& member, int seq, char says, std::int64_t floor, int lease = 60'000,
             double quorum = 0.5, int min_votes = 2, int open_for = 60'000, const std::string& run = "r") {
    return eval(fleet_scripts::vote(),
                {nonce(), std::to_string(floor), member, run, std::to_string(seq), std::string(1, says), "20",
                 "10", std::to_string(lease), fleet_scripts::parts_of(quorum), std::to_string(min_votes),
                 std::to_string(open_for), "hints", "c"});
  }
  Reply vote_of_run(const std::string& member, const std::string& run, int seq, char says) {
    return vote(member, seq, says, 0, 60'000, 0.5, 2, 60'000, run);
  }
  Reply leave(const std::string& member, const std::string& run) {
    return eval(fleet_scripts::leave(), {member, run});
  }
  Reply pull(std::int64_t floor, bool detail = false) {
    return eval(fleet_scripts::pull(), {nonce(), std::to_string(floor), detail ? "1" : "0"});
  }
  Reply acquire(const std::string& incarnation, std::int64_t epoch, const std::string& member, int gap = 100,
                int longest = 300'000) {
    return eval(fleet_scripts::acquire_probe(), {incarnation, std::to_string(epoch), member, "60000",
                                                 std::to_string(gap), std::to_string(longest)});
  }
  Reply result(const std::string& incarnation, std::int64_t epoch, std::int64_t fence,
               const std::string& what, std::int64_t floor = 0) {
    return eval(fleet_scripts::probe_result(),
                {nonce(), std::to_string(floor), incarnation, std::to_string(epoch), std::to_string(fence),
                 what, "2", "300000", "hints", "c"});
  }
  /// By a member that knows the store's clock to 5 ms; `under_way`: since it was sent.
  Reply force(std::int64_t epoch, const std::string& what, int length, std::int64_t base = 0, int age = 0,
              int under_way = 0) {
    return eval(fleet_scripts::force(),
                {nonce(), "0", std::to_string(epoch), std::to_string(base), std::to_string(age), what,
                 std::to_string(length), "ann", std::to_string(clock() - under_way), "5", "hints", "c"});
  }
  std::int64_t clock() {
    const Reply time = raw({"TIME"});
    return std::stoll(time.items.at(0).text) * 1000 + std::stoll(time.items.at(1).text) / 1000;
  }
  Reply raw(std::initializer_list<std::string_view> words) { return connection_.run(command(words)); }
  /// As if the opening were over.
  void end_opening() { (void)raw({"HSET", "{sg:t:c}:fleet", "open_for", "0"}); }

  bool by_digest = false;

 private:
  std::string nonce() { return "i" + std::to_string(++nonces_); }

  BlockingConnection connection_;
  std::set<std::string> loaded_;
  int nonces_ = 0;
};

/// Of a view: the votes come after it.
inline constexpr std::size_t view_size = 17;
inline std::string incarnation(const Reply& view) { return view.items.at(0).text; }
inline std::int64_t epoch(const Reply& view) { return view.items.at(1).integer; }
inline bool is_open(const Reply& view) { return view.items.at(2).text == "open"; }

}  // namespace switchgear::redis
