#include <array>
#include <chrono>
#include <string_view>

#include "app/chaos/expectation_names.hpp"
#include "app/chaos/scenario_sections.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/config/suggest.hpp"

namespace switchgear::chaos {
namespace {

using config::Length;
using config::Number;
using config::Section;
using config::Value;
using config::Whole;
using Kind = Expectation::Kind;
using namespace std::chrono_literals;

constexpr std::size_t most_expectations = 500;
constexpr double usually_served = 0.95;

/// The one key that says what is expected.
std::optional<Value> find_kind(Section& section, Expectation& expectation) {
  std::optional<Value> chosen;
  for (std::size_t i = 0; i < kind_names.size(); ++i) {
    const auto value = section.find(kind_names[i]);
    if (!value) continue;
    if (chosen) {
      value->wrong("a second expectation in one entry; write an entry for each");
    } else {
      chosen = value;
      expectation.kind = static_cast<Kind>(i);
    }
  }
  if (!chosen && section.is_mapping())
    section.wrong("nothing is expected; write " + config::one_of(kind_names));
  return chosen;
}

void read_limit(const Value& value, const Scenario& scenario, Expectation& expectation) {
  switch (expectation.kind) {
    case Kind::opens_within:
    case Kind::closes_within:
    case Kind::recovers_within:
      if (const auto limit = Length{1ms, 1h}(value)) expectation.limit = *limit;
      if (expectation.after + expectation.limit > scenario.load.duration && scenario.load.duration > 0s)
        value.wrong("ends at " + config::format_duration(expectation.after + expectation.limit) +
                    ", after the load (" + config::format_duration(scenario.load.duration) + ")");
      return;
    case Kind::never_opens: {
      const auto said = config::Truth{}(value);
      if (said && !*said) value.wrong("is false; write true, or leave the entry out");
      return;
    }
    case Kind::serves_at_least:
    case Kind::refuses_at_most:
    case Kind::fails_at_most:
      if (const auto share = Number{0, 1}(value)) expectation.share = *share;
      return;
    case Kind::reaches_at_most:
      if (const auto count = config::any_whole(value)) expectation.count = *count;
      return;
    case Kind::p50_below:
    case Kind::p95_below:
    case Kind::p99_below:
      if (const auto limit = Length{1us, 1h}(value)) expectation.limit = *limit;
      return;
  }
}

/// The keys that narrow it: those that this kind can have.
void read_scope(Section& section, const Scenario& scenario, Expectation& expectation) {
  const Kind kind = expectation.kind;
  const bool of_breaker = kind <= Kind::closes_within || kind == Kind::never_opens;
  if (of_breaker) section.require("breaker", expectation.breaker, config::Text{}, "breaker: payment");
  if (kind == Kind::recovers_within) {
    section.read("breaker", expectation.breaker, config::Text{});
    expectation.share = usually_served;
    section.read("serving", expectation.share, Number{0, 1});
  }
  if (kind == Kind::reaches_at_most) expectation.service = read_service_name(section, scenario);
  if (!of_breaker && kind != Kind::reaches_at_most) section.read("path", expectation.path, config::Text{});
  if (kind <= Kind::recovers_within) return;
  if (const auto until = section.find("until")) {
    expectation.until = Length{0s, 1h}(*until);
    if (expectation.until && *expectation.until <= expectation.after)
      until->wrong("is not after " + config::format_duration(expectation.after) + ", where it begins");
  }
}

Expectation read_expectation(const Value& value, const Scenario& scenario) {
  Expectation expectation;
  expectation.line = value.node->at.line;
  Section section(value);
  const auto kind = find_kind(section, expectation);
  if (!kind) return expectation;
  section.read("after", expectation.after, Length{0s, 1h});
  if (expectation.after >= scenario.load.duration && scenario.load.duration > 0s)
    section.find("after")->wrong("is when the load is over (" +
                                 config::format_duration(scenario.load.duration) + ")");
  else
    read_limit(*kind, scenario, expectation);
  read_scope(section, scenario, expectation);
  section.finish();
  return expectation;
}

}  // namespace

void read_expectations(const Value& list, Scenario& scenario) {
  for (const Value& item :
       config::items(list, "expect: [{breaker: payment, opens_within: 3s, after: 10s}]")) {
    if (scenario.expectations.size() == most_expectations)
      return item.wrong("is one too many; expected at most " + std::to_string(most_expectations));
    scenario.expectations.push_back(read_expectation(item, scenario));
  }
}

}  // namespace switchgear::chaos
