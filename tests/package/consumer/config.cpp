// A stranger whose policies stand in the same YAML that drives the gateway.
#include <iostream>
#include <stdexcept>

#include "switchgear/config/configured_policies.hpp"
#include "switchgear/sync/call.hpp"

int main() {
  using namespace switchgear;
  const config::Loaded file = config::load_text(
      "version: 1\n"
      "policies:\n"
      "  prices:\n"
      "    retry: {max_attempts: 3, base: 1ms}\n"
      "    circuit_breaker: {consecutive_failures: 3, open_duration: 60s}\n"
      "    fallback: {cache: {max_stale: 10m}}\n",
      "prices.yaml");
  for (const config::Diagnostic& error : file.errors) std::cerr << error.text() << '\n';
  if (!file.config) return 1;
  config::ConfiguredPolicies<int> policies{file.config->policies.at("prices"),
                                           {.created = SteadyTime::now()}};
  const auto prices = policies.pipeline();

  CallReport report;
  const CallOptions options{.key = "apples", .report = &report};
  const int fresh = call(prices, options, [] { return 42; });
  const int remembered = call(prices, options, []() -> int { throw std::runtime_error("down"); });
  return fresh == 42 && remembered == 42 && report.source == Source::fallback && report.attempts == 3 &&
                 policies.breaker()->state() == State::open
             ? 0
             : 1;
}
