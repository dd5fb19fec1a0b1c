// Checks the documents' tables of options against the library: a key that is left out has the value in the
// column `default`, and values outside of a range are refused.
#include "tests/house/option_tables.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "switchgear/config/config.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/registry/keyed_breakers.hpp"

namespace switchgear::house {
namespace {

using Keys = std::map<std::string, std::string>;  ///< dotted paths and what stands there

/// `{a: {b: 1}}` for the keys below `path`.
std::string as_yaml(const Keys& keys, const std::string& path = "") {
  std::set<std::string> names;
  for (const auto& [key, value] : keys) {
    if (key.starts_with(path) && key != path)
      names.insert(key.substr(path.size(), key.find('.', path.size()) - path.size()));
  }
  std::string text;
  for (const std::string& name : names) {
    const auto leaf = keys.find(path + name);
    const std::string below = as_yaml(keys, path + name + ".");
    text += (text.empty() ? "" : ", ") + name + ": " +
            (below != "{}"        ? below
             : leaf == keys.end() ? "{}"
                                  : leaf->second);
  }
  return "{" + text + "}";
}

/// A file around one policy, or around options outside of policies.
struct File {
  Keys keys;

  [[nodiscard]] std::string text() const { return as_yaml(keys); }
  [[nodiscard]] config::Loaded load() const { return config::load_text(text(), "f.yaml"); }
  [[nodiscard]] bool refuses(const std::string& key) const {
    for (const config::Diagnostic& error : load().errors) {
      if (error.message.find(key) != std::string::npos) return true;
    }
    return false;
  }
};

/// The least that must stand around `key` (from the policy on, or from the top of the file).
File around(const std::string& key) {
  const bool of_policy = !key.starts_with("gateway.") && !key.starts_with("services.");
  Keys keys{{"version", "1"}};
  const std::string path = of_policy ? "policies.p." + key : key;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
    keys[path.substr(0, dot)] = "{}";
  }
  const auto also = [&](const std::string& prefix, const std::string& name, const std::string& value) {
    if (key.starts_with(prefix)) keys[(of_policy ? "policies.p." : "") + name] = value;
  };
  also("circuit_breaker.", "circuit_breaker.failure_rate", "0.5");
  also("circuit_breaker.window.", "circuit_breaker.window.type", key.ends_with(".size") ? "count" : "time");
  also("circuit_breaker.window.size", "circuit_breaker.minimum_calls", "1");
  also("circuit_breaker.window.type", "circuit_breaker.window", "{}");
  also("circuit_breaker.max_open_duration", "circuit_breaker.open_duration", "30s");
  for (const std::string own : {"step", "minimum", "max_failure_rate", "growth"})
    also("circuit_breaker.ramp." + own, "circuit_breaker.ramp.controller", "true");
  for (const std::string level : {"warning", "critical", "emergency"})
    also("circuit_breaker.levels.escalate_above", "circuit_breaker.levels." + level, "{}");
  also("hedge.", "hedge.delay", "p95");
  also("retry.budget.min_concurrency", "retry.budget.mode", "concurrent");
  also("bulkhead.", "bulkhead.max_concurrent", "50");
  also("rate_limiter.", "rate_limiter.rate", "100");
  also("cache.", "cache.ttl", "5s");
  also("fallback.queue.", "circuit_breaker.failure_rate", "0.5");
  also("chaos.fail.", "chaos.fail.probability", "0.5");
  also("chaos.delay.", "chaos.delay.probability", "0.5");
  also("gateway.limits.header_bytes", "gateway.limits.target_bytes", "64");
  also("services.", "policies.p.timeout", "1s");
  also("services.", "services.s.url", "\"http://127.0.0.1:1\"");
  also("services.", "services.s.policy", "p");
  also("services.", "services.s.routes", "[{prefix: /}]");
  return {keys};
}

File with(File file, const std::string& key, const std::string& value) {
  const bool of_policy = !key.starts_with("gateway.") && !key.starts_with("services.");
  file.keys[(of_policy ? "policies.p." : "") + key] = value;
  // A queue and the time in it come together.
  if (key == "bulkhead.max_queue" && value != "0") file.keys["policies.p.bulkhead.max_wait"] = "1s";
  if (key == "bulkhead.max_wait" && value != "0s") file.keys["policies.p.bulkhead.max_queue"] = "1";
  return file;
}

bool same(const config::Config& left, const config::Config& right) {
  return left.gateway == right.gateway && left.policies == right.policies && left.services == right.services;
}

std::vector<OptionRow> rows(const std::string& page, const std::string& from, const std::string& prefix,
                            const std::string& to = "") {
  std::vector<OptionRow> found = option_rows(SWITCHGEAR_DOCS "/" + page, from, to, prefix);
  EXPECT_FALSE(found.empty()) << "no table behind " << from << " in " << page;
  return found;
}

std::vector<OptionRow> documented() {
  std::vector<OptionRow> all;
  const auto add = [&](std::vector<OptionRow> some) {
    all.insert(all.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  };
  add(rows("configuration.md", "`limits`:", "gateway.limits."));
  add(rows("configuration.md", "### `circuit_breaker`", "circuit_breaker."));
  add(rows("configuration.md", "### `retry`", "retry."));
  add(rows("configuration.md", "### `hedge`", "hedge."));
  add(rows("configuration.md", "### Limits of calls", ""));
  add(rows("configuration.md", "### Cache and fallback", ""));
  add(rows("configuration.md", "### `chaos`", "chaos."));
  for (OptionRow& row : rows("configuration.md", "## `services`", "services.s.")) {
    if (row.key.find(".connections.") != std::string::npos) all.push_back(std::move(row));
  }
  add(rows("policies/circuit-breaker.md", "## Options", "circuit_breaker."));
  add(rows("policies/retry.md", "`RetryOptions`", "retry.", "`RetryBudgetOptions`"));
  add(rows("policies/retry.md", "`RetryBudgetOptions`", "retry.budget."));
  add(rows("policies/bulkhead.md", "## Options", "bulkhead."));
  add(rows("policies/adaptive-limit.md", "## Options", "adaptive_limit."));
  add(rows("policies/admission-control.md", "## Options", "admission."));
  add(rows("policies/rate-limiter.md", "## Options", "rate_limiter."));
  add(rows("policies/hedge.md", "## Options", "hedge."));
  add(rows("policies/cache.md", "## Options", "cache."));
  add(rows("policies/fallback.md", "## Options", "fallback."));
  add(rows("policies/chaos.md", "## Options", "chaos."));
  return all;
}

/// What cannot be left out of a file has a default in C++ all the same, and pages of policies show that.
const std::map<std::string, std::string>& defaults_of_cpp() {
  static const std::map<std::string, std::string> known{
      {"bulkhead.max_concurrent", std::to_string(BulkheadOptions{}.max_concurrent)},
      {"rate_limiter.rate", std::to_string(static_cast<int>(RateLimiterOptions{}.rate))},
      {"cache.ttl",
       std::to_string(std::chrono::duration_cast<std::chrono::seconds>(CacheOptions{}.ttl).count()) + "s"},
      {"fallback.queue.max", std::to_string(CallQueueOptions{}.max)},
      {"chaos.fail.probability", std::to_string(static_cast<int>(ChaosFail{}.probability))},
      {"chaos.delay.probability", std::to_string(static_cast<int>(ChaosDelay{}.probability))},
      {"chaos.timeout.probability", std::to_string(static_cast<int>(ChaosShare{}.probability))},
      {"chaos.abort.probability", std::to_string(static_cast<int>(ChaosShare{}.probability))},
      {"chaos.force_open.probability", std::to_string(static_cast<int>(ChaosShare{}.probability))},
  };
  return known;
}

TEST(OptionTables, AKeyThatIsLeftOutStandsForItsDocumentedDefault) {
  int checked = 0;
  for (const OptionRow& row : documented()) {
    SCOPED_TRACE(row.where + ": " + row.key);
    const bool of_a_policy_page = row.where.find("policies/") != std::string::npos;
    if (const auto known = defaults_of_cpp().find(row.key);
        of_a_policy_page && known != defaults_of_cpp().end()) {
      EXPECT_EQ(row.unset, known->second);
      ++checked;
      continue;
    }
    if (row.unset == "required") {
      File without = around(row.key);
      without.keys.erase("policies.p." + row.key);
      EXPECT_FALSE(without.load().errors.empty()) << without.text();
      ++checked;
      continue;
    }
    const std::string value = row.unset.substr(0, row.unset.find_first_of(",:"));
    if (!is_value(value) || value == "off" || value == "none" || value == "empty" || value == "min" ||
        value == "open_duration")
      continue;
    if (row.key == "retry.jitter_ratio") continue;  // C++ only
    if (row.key == "retry.status") continue;        // a list, and prose
    File left_out = around(row.key);
    left_out.keys.erase("policies.p." + row.key);
    const File written = with(left_out, row.key, value);
    const config::Loaded one = left_out.load();
    const config::Loaded other = written.load();
    ASSERT_TRUE(one.config) << left_out.text() << one.errors.front().text();
    ASSERT_TRUE(other.config) << written.text() << other.errors.front().text();
    EXPECT_TRUE(same(*one.config, *other.config)) << written.text();
    ++checked;
  }
  EXPECT_GE(checked, 93);
}

/// Keys of the tables that take a fraction; every other number must be whole.
bool takes_fractions(const std::string& key) {
  static const std::set<std::string> known{
      "rate",           "failure_rate", "quantile",   "backoff",   "max_failure_rate",
      "jitter",         "from",         "aggression", "factor",    "min_per_second",
      "escalate_above", "ratio",        "smoothing",  "tolerance", "probability"};
  return known.contains(key.substr(key.rfind('.') + 1));
}

/// In YAML a number is text until it is read; an error must show the text that the user wrote.
TEST(OptionTables, ANumberThatIsNoneIsRefusedWithWhatWasWritten) {
  const std::regex whole("\\d+");
  const std::regex length("\\d+(ns|us|ms|s|m|h)");
  int checked = 0;
  for (const OptionRow& row : documented()) {
    std::vector<std::string> wrong;
    if (std::regex_match(row.unset, length)) {
      wrong = {"-1s", "5", "-1", "1.5.1s", "1e3s", "99999999999999999999s", "nan"};
    } else if (std::regex_match(row.unset, whole) && takes_fractions(row.key)) {
      wrong = {"-1000000000", "nan", "inf", "-inf", "1e999", "0x1p3"};
    } else if (std::regex_match(row.unset, whole)) {
      wrong = {"-1", "-4294967295", "1.5", "1e3", "0x10", "4294967296000000", "18446744073709551616", "nan"};
    }
    for (const std::string& value : wrong) {
      if (value == "4294967296000000" && row.key.ends_with("seed")) continue;  // any 64 bits
      SCOPED_TRACE(row.where + ": " + row.key + ": " + value);
      const config::Loaded loaded = with(around(row.key), row.key, "'" + value + "'").load();
      const config::Loaded plain = with(around(row.key), row.key, value).load();
      EXPECT_FALSE(loaded.config) << "taken as text";
      ASSERT_FALSE(plain.config) << "taken";
      const std::string text = plain.errors.front().text();
      EXPECT_NE(text.find(row.key.substr(row.key.rfind('.') + 1)), std::string::npos) << text;
      EXPECT_NE(text.find(value), std::string::npos) << text;
      EXPECT_EQ(text.find("4294967295"),
                value == "-4294967295" ? text.find("4294967295") : std::string::npos);
      ++checked;
    }
  }
  EXPECT_GE(checked, 300);
}

TEST(OptionTables, ARangeEndsWhereTheLibrarySaysNo) {
  int checked = 0;
  for (const OptionRow& row : documented()) {
    const std::optional<Samples> samples = samples_of(row.range);
    if (!samples) continue;
    SCOPED_TRACE(row.where + ": " + row.key + ": " + row.range);
    ++checked;
    for (const std::string& value : samples->taken) {
      const File file = with(around(row.key), row.key, value);
      const config::Loaded loaded = file.load();
      EXPECT_TRUE(loaded.config) << file.text() << "\n"
                                 << (loaded.config ? "" : loaded.errors.front().text());
    }
    const std::string last = row.key.substr(row.key.rfind('.') + 1);
    for (const std::string& value : samples->refused) {
      const File file = with(around(row.key), row.key, value);
      EXPECT_TRUE(file.refuses(last)) << file.text() << " is taken";
    }
  }
  EXPECT_GE(checked, 62);
}

TEST(OptionTables, AnEmptySectionOfTheFileIsADefaultedStructInCpp) {
  const auto policy = [](const std::string& text) {
    config::Loaded loaded = config::load_text("{version: 1, policies: {p: " + text + "}}", "f.yaml");
    EXPECT_TRUE(loaded.config) << (loaded.config ? "" : loaded.errors.front().text());
    return loaded.config ? loaded.config->policies.at("p") : config::Policy{};
  };
  CircuitBreakerOptions breaker;
  breaker.failure_rate = 0.5;
  EXPECT_EQ(policy("{circuit_breaker: {failure_rate: 0.5}}").circuit_breaker, breaker);
  EXPECT_EQ(policy("{retry: {}}").retry, RetryOptions{});
  EXPECT_EQ(policy("{retry: {budget: {}}}").retry_budget, RetryBudgetOptions{});
  EXPECT_EQ(policy("{hedge: {delay: p95}}").hedge, HedgeOptions{});
  EXPECT_EQ(policy("{bulkhead: {max_concurrent: 50}}").bulkhead, BulkheadOptions{});
  EXPECT_EQ(policy("{adaptive_limit: {}}").adaptive_limit, AdaptiveLimitOptions{});
  EXPECT_EQ(policy("{admission: {}}").admission, AdmissionControlOptions{});
  EXPECT_EQ(policy("{rate_limiter: {rate: 100}}").rate_limiter, RateLimiterOptions{});
  EXPECT_EQ(policy("{cache: {ttl: 5s}}").cache, CacheOptions{});
  EXPECT_EQ(policy("{chaos: {}}").chaos, ChaosOptions{});
  EXPECT_EQ(policy("{chaos: {}}").chaos_seed, Chaos::default_seed);
  EXPECT_EQ(policy("{fallback: {cache: {}}}").fallback, config::FallbackOptions{CachedFallbackOptions{}});
}

TEST(OptionTables, OfKeyedBreakersSayWhatTheHeaderSays) {
  const std::vector<OptionRow> table = rows("policies/registry.md", "## Options", "");
  ASSERT_EQ(table.size(), 2U);
  EXPECT_EQ(
      table[0].unset,
      std::to_string(std::chrono::duration_cast<std::chrono::minutes>(KeyedLimits{}.max_idle).count()) + "m");
  EXPECT_EQ(table[1].unset, std::to_string(KeyedLimits{}.max_keyed));
}

TEST(OptionTables, OfTimeLimitsSayWhatTheGatewayDoesWithoutATimeout) {
  for (const OptionRow& row : rows("policies/timeout-and-deadline.md", "## Options", "")) {
    if (row.key == "length") {
      EXPECT_EQ(row.unset,
                "required; the gateway's timeout: " + config::format_duration(config::gateway_timeout));
    }
  }
}

TEST(OptionTables, SamplesLieAtTheEndsOfARangeAndBeyond) {
  EXPECT_EQ(samples_of("1 … 1,000")->taken, (std::vector<std::string>{"1", "1000"}));
  EXPECT_EQ(samples_of("1 … 1,000")->refused, (std::vector<std::string>{"0", "1001"}));
  EXPECT_EQ(samples_of("1 KiB … 2^30")->taken, (std::vector<std::string>{"1024", "1073741824"}));
  EXPECT_EQ(samples_of("1 KiB … 1 TiB")->refused, (std::vector<std::string>{"1023", "1099511627777"}));
  EXPECT_EQ(samples_of("0s … 24h")->refused, (std::vector<std::string>{"-1s", "25h"}));
  EXPECT_EQ(samples_of("`min_limit` … 10")->taken, (std::vector<std::string>{"10"}));
  EXPECT_EQ(samples_of("`fixed`, `linear`")->taken, (std::vector<std::string>{"fixed", "linear"}));
  EXPECT_FALSE(samples_of("a media type"));
}

}  // namespace
}  // namespace switchgear::house
