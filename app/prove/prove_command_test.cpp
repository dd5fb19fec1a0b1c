// `switchgear prove` as users run it: the real binary, and each of its traces through `switchgear replay`.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::prove {
namespace {

namespace json = boost::json;
using config::TemporaryDirectory;

struct Finished {
  int exit_code = -1;
  std::string out, err;
};

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class ProveCommand : public ::testing::Test {
 protected:
  Finished run(const std::string& arguments) const {
    const std::string errors = directory_.path() + "/err";
    const std::string command =
        std::string("timeout 60 ") + SWITCHGEAR_BINARY + " " + arguments + " 2>" + errors;
    Finished finished;
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> block{};
    while (const std::size_t got = std::fread(block.data(), 1, block.size(), pipe))
      finished.out.append(block.data(), got);
    finished.exit_code = WEXITSTATUS(::pclose(pipe));
    finished.err = text_of(errors);
    return finished;
  }
  /// One policy `p` with these keys.
  [[nodiscard]] std::string file_of(const std::string& keys) const {
    return directory_.write("p.yaml", "version: 1\npolicies:\n  p: {" + keys + "}\n");
  }
  json::object prove(const std::string& keys, const std::string& more = "") {
    finished_ = run("prove --json --config " + file_of(keys) + " " + more);
    const json::value parsed = json::parse(finished_.out.empty() ? "{}" : finished_.out);
    const auto* found = parsed.as_object().if_contains("policies");
    if (found == nullptr) return {};
    return found->at("p").as_object();
  }
  /// The transitions, as `closed>open:rule`.
  std::vector<std::string> replay(const std::string& config, const std::string& policy,
                                  const std::string& trace) {
    const Finished played =
        run("replay --json --config " + config + " --policy '" + policy + "' '" + trace + "'");
    EXPECT_EQ(played.exit_code, 0) << played.err;
    std::vector<std::string> transitions;
    std::size_t from = 0;
    for (std::size_t end = 0; (end = played.out.find('\n', from)) != std::string::npos; from = end + 1) {
      const json::object line = json::parse(played.out.substr(from, end - from)).as_object();
      const auto* event = line.if_contains("event");
      if (event == nullptr || event->as_string() != "transition") continue;
      transitions.push_back(std::string(line.at("from").as_string()) + ">" +
                            std::string(line.at("to").as_string()) + ":" +
                            std::string(line.at("rule").as_string()));
    }
    return transitions;
  }
  static bool has(const std::vector<std::string>& transitions, const std::string& begin) {
    return std::any_of(transitions.begin(), transitions.end(),
                       [&](const std::string& each) { return each.starts_with(begin); });
  }
  static std::vector<std::string> kinds(const json::object& proof) {
    std::vector<std::string> all;
    for (const json::value& finding : proof.at("findings").as_array())
      all.emplace_back(finding.at("kind").as_string());
    return all;
  }
  static bool told(const json::object& proof, const std::string& kind, const std::string& key) {
    for (const json::value& finding : proof.at("findings").as_array()) {
      if (finding.at("kind").as_string() == kind) return finding.at("key").as_string() == key;
    }
    return false;
  }

  TemporaryDirectory directory_;
  Finished finished_;
};

/// Each with whether it can open and close.
struct Case {
  std::string keys;
  bool opens = true, closes = true;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"preset: payment"},
      {"preset: third_party"},
      {"preset: core, circuit_breaker: {backoff: 2, jitter: 0.5}"},
      {"circuit_breaker: {failure_rate: 0.5}"},
      {"circuit_breaker: {failure_rate: 1, window: {duration: 10s}}"},
      {"circuit_breaker: {failure_rate: {above: 0.5, confidence: 0.95}}"},
      {"circuit_breaker: {failure_rate: {above: 0.9, confidence: 0.99}, window: {duration: 5s, buckets: 3}}"},
      {"circuit_breaker: {failure_balance: 7, weights: {timeout: 3}}"},
      {"circuit_breaker: {consecutive_failures: 6, adaptive: {samples: 4}}"},
      {"circuit_breaker: {consecutive_failures: 9, adaptive: {samples: 2, failures: {least: 4}}}"},
      {"timeout: 5s, circuit_breaker: {slow_call: {threshold: 2s, rate: 0.5}}"},
      {"timeout: 2s, circuit_breaker: {slow_call: {threshold: 2s, rate: 0.5}, minimum_calls: 3}"},
      {"timeout: 5s, bulkhead: {max_concurrent: 3}, circuit_breaker: {window: {duration: 10s}, "
       "minimum_calls: 10,"
       " slow_call: {threshold: 2s, rate: 0.5}}"},
      {"timeout: 5s, circuit_breaker: {latency: {quantile: 0.9, above: 1s}}"},
      {"circuit_breaker: {stuck_calls: {older_than: 5s, count: 4}}"},
      {"bulkhead: {max_concurrent: 5}, circuit_breaker: {stuck_calls: {older_than: 5s, count: 4}}"},
      {"bulkhead: {max_concurrent: 4}, circuit_breaker: {stuck_calls: {older_than: 5s, count: 4}}", false,
       true},
      {"failure_when: {status: [], errors: []}, circuit_breaker: {failure_rate: 0.5}", false, true},
      {"failure_when: {status: [], errors: [timeout]}, timeout: 1s, circuit_breaker: {failure_rate: 0.5}"},
      {"timeout: 1s, rate_limiter: {rate: 1, burst: 1}, circuit_breaker: {failure_rate: 0.5, window: "
       "{duration: 10s}}",
       false, true},
      {"timeout: 30s, rate_limiter: {rate: 1, burst: 1}, circuit_breaker: {failure_rate: 0.5, window: "
       "{duration: 10s}}"},
      {"timeout: 1s, circuit_breaker: {slow_call: {threshold: 5s, rate: 0.5}}", false, true},
      {"circuit_breaker: {consecutive_failures: 3, slow_call: {threshold: 0s, rate: 1}}", true, false},
      {"circuit_breaker: {consecutive_failures: 3, half_open: {max_wait: 1ns}}", true, false},
      {"circuit_breaker: {consecutive_failures: 3, half_open: {permitted_calls: 50, max_failure_rate: 1}}"},
      {"circuit_breaker: {consecutive_failures: 3, half_open: {permitted_calls: 5, success_threshold: 2, "
       "max_concurrent: 1,"
       " probe_interval: 90s}, ramp: {duration: 30s, from: 0}}"},
      {"circuit_breaker: {consecutive_failures: 1, probe_automatically: true, honor_retry_after: true}"},
      {"circuit_breaker: {failure_rate: 0.5, open_duration: 10s, half_open: {permitted_calls: 2}, levels: "
       "{warning: {}, critical: {failure_rate: 0.3, open_duration: 40s}, emergency: {consecutive_failures: "
       "2, "
       "open_duration: 2m}}}"},
      {"circuit_breaker: {consecutive_failures: 3, backoff: 2, levels: {warning: {}, critical: {slow_call: "
       "{threshold: 200ms, rate: 0.5}}, emergency: {}, escalate_above: 0}}"},
      {"retry: {budget: {ratio: 0}}, preset: core"},
      {"chaos: {enabled: true, fail: {probability: 1}}, preset: core"},
  };
  return all;
}

TEST_F(ProveCommand, EveryTraceReplaysToWhatItClaims) {
  int number = 0;
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.keys);
    const std::string traces = directory_.path() + "/traces" + std::to_string(number++);
    const json::object proof = prove(one.keys, "--traces " + traces);
    ASSERT_FALSE(proof.empty()) << finished_.err;
    EXPECT_EQ(proof.at("can_open"), json::value(one.opens)) << json::serialize(proof.at("findings"));
    EXPECT_EQ(proof.at("can_close"), json::value(one.closes)) << json::serialize(proof.at("findings"));
    EXPECT_EQ(finished_.exit_code, one.opens && one.closes ? 0 : 1);
    const std::string config = directory_.path() + "/p.yaml";  // also one that `check` refuses
    std::vector<std::string> seen;
    for (const auto& [name, trace] : proof.at("traces").as_object()) {
      SCOPED_TRACE(std::string(name));
      seen.emplace_back(name);
      const std::string file(trace.at("file").as_string());
      // In the JSON stands what is in the file.
      const std::string from_json = directory_.path() + "/from_json";
      std::ofstream(from_json) << [&] {
        std::string lines;
        for (const json::value& line : trace.at("trace").as_array()) lines += json::serialize(line) + "\n";
        return lines;
      }();
      const auto transitions = replay(config, "p", file);
      EXPECT_EQ(replay(config, "p", from_json), transitions);
      if (name == "opens") {
        ASSERT_EQ(transitions.size(), 1U);
        EXPECT_EQ(transitions[0], "closed>open:" + std::string(proof.at("opens").at("rule").as_string()));
      } else if (name == "closes") {
        EXPECT_TRUE(has(transitions, "half_open>closed:recovered"));
        EXPECT_TRUE(has(transitions, "forced_open>closed:operator"));
        EXPECT_TRUE(has(transitions, "disabled>closed:operator"));
      } else if (name == "never_closes") {
        EXPECT_TRUE(has(transitions, "half_open>open"));
        EXPECT_FALSE(has(transitions, "half_open>closed"));
      } else {
        EXPECT_TRUE(name == "never_opens" || name == "starves");
        EXPECT_TRUE(transitions.empty());
      }
    }
    EXPECT_EQ(std::ranges::count(seen, one.opens ? "opens" : "never_opens"), 1);
    EXPECT_EQ(std::ranges::count(seen, one.closes ? "closes" : "never_closes"), 1);
    EXPECT_FALSE(proof.at("counterexample").as_array().empty());
  }
}

TEST_F(ProveCommand, SaysOfLevelsWhatItHasLookedAt) {
  const std::string keys =
      "timeout: 1s, circuit_breaker: {failure_rate: 0.5, levels: {warning: {}, critical: {}, emergency: "
      "{slow_call: {threshold: 0s, rate: 1}}}}";
  const json::object proof = prove(keys);
  EXPECT_EQ(proof.at("can_open"), json::value(true));
  EXPECT_EQ(proof.at("can_close"), json::value(true)) << "from critical";
  EXPECT_TRUE(told(proof, "levels", "circuit_breaker.levels"));
  EXPECT_TRUE(told(proof, "level_never_closes", "circuit_breaker.levels.emergency"));
  EXPECT_EQ(finished_.exit_code, 0);
}

TEST_F(ProveCommand, ABreakerClosesIfOneOfItsLevelsDoes) {
  // From critical no probe closes it: from emergency they do.
  const json::object through = prove(
      "circuit_breaker: {failure_rate: 0.8, levels: {warning: {}, critical: {slow_call: {threshold: 0s, "
      "rate: "
      "1}}, emergency: {}}}");
  EXPECT_EQ(through.at("can_close"), json::value(true));
  EXPECT_TRUE(told(through, "level_never_closes", "circuit_breaker.levels.critical"));
  // It opens at 0.5, which does not escalate, and closes at warning.
  const json::object at_first = prove(
      "circuit_breaker: {failure_rate: 0.5, levels: {warning: {}, critical: {slow_call: {threshold: 0s, "
      "rate: "
      "1}}, emergency: {slow_call: {threshold: 0s, rate: 1}}}}");
  EXPECT_EQ(at_first.at("can_close"), json::value(true));
  EXPECT_TRUE(at_first.at("traces").as_object().contains("closes"));
  // Whatever opens it takes it to levels that no probe closes.
  const json::object never = prove(
      "circuit_breaker: {failure_rate: 0.8, levels: {warning: {}, critical: {slow_call: {threshold: 0s, "
      "rate: "
      "1}}, emergency: {slow_call: {threshold: 0s, rate: 1}}}}");
  EXPECT_EQ(never.at("can_close"), json::value(false));
  EXPECT_TRUE(told(never, "never_closes", "circuit_breaker.levels"));
  EXPECT_EQ(finished_.exit_code, 1);
}

TEST_F(ProveCommand, SaysHowSoonABreakerClosesAtTheSoonest) {
  const auto soonest = [&](const std::string& keys) {
    prove(keys);
    return run("prove --config " + directory_.path() + "/p.yaml").out;
  };
  EXPECT_NE(soonest("circuit_breaker: {consecutive_failures: 3, open_duration: 10s, jitter: 0.5}")
                .find("3 good probes, 5s after it opened at the soonest"),
            std::string::npos);
  EXPECT_NE(soonest("circuit_breaker: {failure_rate: 0.5, adaptive: {}}")
                .find("3 good probes, 24s after it opened at the soonest"),
            std::string::npos);
  EXPECT_NE(soonest("circuit_breaker: {consecutive_failures: 3, adaptive: {samples: 1}}")
                .find("3 good probes, not before 24s after it opened"),
            std::string::npos);
}

TEST_F(ProveCommand, SaysBelowWhichRateABreakerStarves) {
  const std::string keys = "circuit_breaker: {failure_rate: 0.5, window: {duration: 10s}, minimum_calls: 20}";
  const json::object proof = prove(keys);
  EXPECT_EQ(finished_.exit_code, 0);
  EXPECT_EQ(proof.at("can_starve"), json::value(true));
  EXPECT_DOUBLE_EQ(proof.at("starves").at("calls_per_second").as_double(), 1.9);
  EXPECT_TRUE(told(proof, "starves", "circuit_breaker.minimum_calls"));
  EXPECT_TRUE(proof.at("traces").as_object().contains("starves"));

  EXPECT_EQ(prove(keys, "--rate 1.9").at("can_open"), json::value(false));
  EXPECT_EQ(finished_.exit_code, 1);
  EXPECT_EQ(prove(keys, "--rate 1.91").at("can_open"), json::value(true));
  EXPECT_EQ(finished_.exit_code, 0);
  // Retries are calls for the breaker too.
  EXPECT_EQ(prove("retry: {max_attempts: 2}, " + keys, "--rate 1").at("can_open"), json::value(true));
  EXPECT_EQ(prove("retry: {max_attempts: 2, budget: {ratio: 0.2, min_per_second: 0}}, " + keys, "--rate 1.5")
                .at("can_open"),
            json::value(false));
  // What the budget grants beside a share counts as well: of 0.7 calls a second with three attempts each.
  EXPECT_EQ(prove("retry: {max_attempts: 3, budget: {}}, " + keys, "--rate 0.7").at("can_open"),
            json::value(true));
  EXPECT_EQ(prove("retry: {max_attempts: 3, budget: {}}, " + keys, "--rate 0.6").at("can_open"),
            json::value(false));
  // A limiter may let too little through for good.
  prove("timeout: 30s, rate_limiter: {rate: 1, burst: 1}, " + keys);
  EXPECT_NE(finished_.out.find("the rate limiter admits no more than 1 calls a second"), std::string::npos);
  // No window, no starving.
  EXPECT_EQ(prove("circuit_breaker: {consecutive_failures: 5}", "--rate 0.001").at("can_open"),
            json::value(true));
}

TEST_F(ProveCommand, SaysHowManyFailuresInARowSatisfyAConfidence) {
  const json::object proof = prove("circuit_breaker: {failure_rate: {above: 0.5, confidence: 0.95}}");
  EXPECT_EQ(proof.at("opens").at("attempts").as_int64(), 3);
}

TEST_F(ProveCommand, AnswersWithoutATraceWhereItWouldBeTooLong) {
  const json::object many = prove("circuit_breaker: {consecutive_failures: 1000000000}");
  EXPECT_EQ(many.at("can_open"), json::value(true));
  EXPECT_EQ(many.at("opens").at("attempts"), json::value(1'000'000'000));
  EXPECT_FALSE(many.at("traces").as_object().contains("opens"));
  const json::object ages = prove(
      "circuit_breaker: {window: {duration: 2000000h, buckets: 1}, minimum_calls: 3, failure_rate: 1, "
      "slow_call: {threshold:"
      " 2000000h}, stuck_calls: {older_than: 2000000h, count: 2}, open_duration: 2000000h, half_open: "
      "{permitted_calls: 1000000,"
      " probe_interval: 2000000h, max_wait: 2000000h}}");
  EXPECT_EQ(ages.at("can_open"), json::value(true)) << finished_.err;
  EXPECT_EQ(ages.at("can_close"), json::value(true));
  EXPECT_EQ(finished_.exit_code, 0);
}

TEST_F(ProveCommand, StatesLatencyAttemptsMemoryAndSlots) {
  const json::object proof = prove(
      "timeout: 2s, deadline: 10s, retry: {max_attempts: 3, budget: {ratio: 0.2, min_per_second: 0}}, hedge: "
      "{delay: 1s},"
      " bulkhead: {max_concurrent: 50, max_queue: 200, max_wait: 1s}, rate_limiter: {rate: 100, max_wait: "
      "500ms},"
      " cache: {ttl: 5s, max_bytes: 1MiB}, preset: core");
  EXPECT_EQ(proof.at("worst_latency"), json::value(11.5));
  EXPECT_EQ(proof.at("amplification"), json::value(6));
  EXPECT_DOUBLE_EQ(proof.at("load").at("steady").as_double(), 1.2);
  EXPECT_EQ(proof.at("held").at("attempts"), json::value(100));
  EXPECT_EQ(proof.at("held").at("limited_by"), json::value("bulkhead"));
  EXPECT_EQ(proof.at("held").at("waiting_for_slot"), json::value(200));
  EXPECT_EQ(proof.at("held").at("waiting_for_token"), json::value(50));
  EXPECT_EQ(proof.at("memory").at("answers"), json::value(1024 * 1024));
  EXPECT_GT(proof.at("memory").at("breaker").as_int64(), 500);
}

TEST_F(ProveCommand, APolicyWithoutABreakerIsNotAFailure) {
  const json::object proof = prove("retry: {}");
  EXPECT_EQ(finished_.exit_code, 0);
  EXPECT_TRUE(proof.at("can_open").is_null());
  EXPECT_TRUE(proof.at("worst_latency").is_null());
  EXPECT_TRUE(proof.at("counterexample").is_null());
  EXPECT_EQ(kinds(proof),
            (std::vector<std::string>{"unbounded_latency", "unlimited_retries", "unbounded_in_flight"}));
}

TEST_F(ProveCommand, FollowsServicesThatCallEachOther) {
  const std::string file = directory_.write("chain.yaml", R"(version: 1
policies:
  edge: {timeout: 2s, retry: {max_attempts: 3, base: 0s, max_delay: 1ms}, preset: core}
  inner: {timeout: 1s, retry: {max_attempts: 4}, preset: internal}
services:
  shop: {url: "http://127.0.0.1:9001", policy: edge, routes: [{prefix: /shop/}], calls: [stock, prices]}
  stock: {url: "http://127.0.0.1:9002", policy: inner, routes: [{prefix: /stock/}], calls: [prices]}
  prices: {url: "http://127.0.0.1:9003", policy: inner, routes: [{prefix: /prices/, policy: edge}],
           health_check: {tcp: {}}, by: {header: x-tenant, max: 1000}}
)");
  const Finished finished = run("prove --json --config " + file);
  ASSERT_EQ(finished.exit_code, 0) << finished.err;
  const json::object services = json::parse(finished.out).at("services").as_object();
  const json::value& chain = services.at("shop").at("chain");
  EXPECT_EQ(json::serialize(chain.at("path")), R"(["shop","stock","prices"])");
  EXPECT_EQ(chain.at("amplification").to_number<double>(), 48);
  EXPECT_TRUE(told(services.at("shop").as_object(), "gives_up_first", "policies.inner.deadline"));
  EXPECT_TRUE(services.contains("prices/edge"));
  EXPECT_GT(services.at("prices").at("memory").at("by_value").as_int64(), 1000 * 500);
  EXPECT_EQ(run("prove --config " + file + " --policy edgy").err,
            file + ": policy \"edgy\" does not exist; did you mean \"edge\"?\n");
}

TEST_F(ProveCommand, AServiceHasTheLimitsOfTheGatewayAndItsHealthCheck) {
  const std::string file = directory_.write("services.yaml", R"(version: 1
policies:
  slow: {circuit_breaker: {slow_call: {threshold: 60s, rate: 0.5}}}
  other: {timeout: 90s, circuit_breaker: {consecutive_failures: 3}}
services:
  plain: {url: "http://127.0.0.1:9001", policy: slow, routes: [{prefix: /a}]}
  shared: {url: "http://127.0.0.1:9002", policy: slow, routes: [{prefix: /b, policy: other}]}
  checked: {url: "http://127.0.0.1:9003", policy: slow, routes: [{prefix: /c}], health_check: {tcp: {}}}
)");
  const Finished finished = run("prove --json --config " + file + " --traces " + directory_.path() + "/t");
  EXPECT_EQ(finished.exit_code, 1) << "an attempt through the gateway ends after 30 s";
  const json::value proofs = json::parse(finished.out);
  EXPECT_EQ(proofs.at("policies").at("slow").at("can_open"), json::value(true));
  const json::value& services = proofs.at("services");
  EXPECT_EQ(services.at("plain").at("can_open"), json::value(false));
  EXPECT_EQ(services.at("plain").at("worst_latency"), json::value(30.0));
  EXPECT_EQ(services.at("shared").at("can_open"), json::value(true))
      << "a call of another route may take 90 s";
  EXPECT_EQ(services.at("checked").at("opens").at("rule"), json::value("health_check"));
  const auto transitions = replay(file, "slow", directory_.path() + "/t/services/checked.opens.jsonl");
  EXPECT_EQ(transitions, (std::vector<std::string>{"closed>open:health_check"}));
  EXPECT_EQ(replay(file, "other", directory_.path() + "/t/services/shared%2Fother.opens.jsonl"),
            (std::vector<std::string>{"closed>open:consecutive_failures"}));
}

TEST_F(ProveCommand, ACircleOfServicesIsReportedWithItsPath) {
  const std::string file = directory_.write("circle.yaml", R"(version: 1
policies: {p: {timeout: 2s, preset: core}}
services:
  a: {url: "http://127.0.0.1:9001", policy: p, routes: [{prefix: /a/}], calls: [b]}
  b: {url: "http://127.0.0.1:9002", policy: p, routes: [{prefix: /b/}], calls: [c]}
  c: {url: "http://127.0.0.1:9003", policy: p, routes: [{prefix: /c/}], calls: [b]}
)");
  const Finished finished = run("prove --config " + file);
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_NE(finished.out.find("chain      unbounded, a circle: a -> b -> c -> b"), std::string::npos)
      << finished.out;
  const Finished checked = run("check " + file);
  EXPECT_EQ(checked.exit_code, 0);
  EXPECT_EQ(checked.err, file +
                             ":6:73: services.c.calls: services call each other in a circle: b -> c -> b; "
                             "nothing bounds how many calls one of them becomes\n");
}

TEST_F(ProveCommand, AThousandPoliciesAreProvedInSeconds) {
  std::string text = "version: 1\npolicies:\n";
  for (int i = 0; i < 1'000; ++i) {
    const std::string& keys = cases()[static_cast<std::size_t>(i) % 15].keys;
    text += "  p" + std::to_string(i) + ": {" + keys + "}\n";
  }
  const std::string file = directory_.write("many.yaml", text);
  const auto begin = std::chrono::steady_clock::now();
  const Finished finished = run("prove --json --config " + file);
  const auto took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(finished.exit_code, 0) << finished.err.substr(0, 500);
  EXPECT_EQ(json::parse(finished.out).at("policies").as_object().size(), 1'000U);
  // Without optimisation, or beside other tests, it is slower.
  EXPECT_LT(took, std::chrono::seconds{30});
  RecordProperty("milliseconds",
                 static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
}

/// The first fenced block in this language.
std::string block(const std::string& page, const std::string& language) {
  const std::string fence = "\n```" + language + "\n";
  const auto from = page.find(fence);
  if (from == std::string::npos) return "no block in " + language;
  const auto begin = from + fence.size();
  return page.substr(begin, page.find("```\n", begin) - begin);
}

TEST_F(ProveCommand, PrintsWhatItsPageShows) {
  const std::string page = text_of(SWITCHGEAR_SOURCE_DIR "/docs/prove.md");
  const std::string file = directory_.write("policies.yaml", block(page, "yaml"));
  const Finished finished = run("prove --config " + file + " --traces " + directory_.path() + "/traces");
  std::string out = finished.out;
  for (std::size_t at = 0; (at = out.find(directory_.path() + "/")) != std::string::npos;)
    out.erase(at, directory_.path().size() + 1);
  const auto words = [](std::string text) {
    // A breaker has counts for each processor, and is as large as there are.
    const auto memory = text.find("  memory");
    text.erase(memory, text.find('\n', memory) - memory);
    std::istringstream stream(text);
    return std::vector<std::string>{std::istream_iterator<std::string>(stream), {}};
  };
  // A longer directory may break the lines elsewhere.
  EXPECT_EQ(words(out), words(block(page, "text")));
}

TEST_F(ProveCommand, WrongInputsAreSaidPlainly) {
  EXPECT_EQ(run("prove").exit_code, 2);
  EXPECT_EQ(run("prove --config /nonexistent").exit_code, 1);
  EXPECT_EQ(run("prove --rate 0 --config " + file_of("preset: core")).exit_code, 2);
  const Finished unwritable = run("prove --traces /proc/none --config " + file_of("preset: core"));
  EXPECT_EQ(unwritable.exit_code, 1);
  EXPECT_EQ(unwritable.err, "/proc/none/p.opens.jsonl: cannot be written\n");
}

}  // namespace
}  // namespace switchgear::prove
