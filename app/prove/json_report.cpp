#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "app/prove/report.hpp"

namespace switchgear::prove {

namespace {

namespace json = boost::json;

json::value seconds(const std::optional<Duration>& length) {
  return length ? json::value(to_seconds(*length)) : json::value(nullptr);
}

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::value text(std::string_view words) { return json::string(words); }

json::array lines_of(const Trace& trace) {
  json::array lines;
  lines.reserve(trace.size());
  for (const lab::TraceEntry& entry : trace) lines.push_back(json::parse(to_line(entry)));
  return lines;
}

json::array json_of(const std::vector<Finding>& findings) {
  json::array array;
  for (const Finding& finding : findings) {
    array.push_back(json::object{{"kind", finding.kind}, {"key", finding.key}, {"message", finding.message}});
  }
  return array;
}

json::object traces_of(const BreakerProof& breaker, const Files& files) {
  json::object traces;
  for (const Witness& witness : breaker.witnesses) {
    json::object one{{"shows", witness.shows}, {"trace", lines_of(witness.trace)}};
    if (const auto file = files.find(witness.name); file != files.end()) one["file"] = file->second;
    traces[witness.name] = std::move(one);
  }
  return traces;
}

void add_breaker(json::object& object, const BreakerProof& breaker, const Files& files) {
  json::array rules;
  for (const RuleProof& rule : breaker.rules) {
    rules.push_back(json::object{{"rule", text(rule.rule)},
                                 {"can_hold", rule.can_hold},
                                 {"why_not", rule.never.empty() ? json::value(nullptr) : text(rule.never)},
                                 {"attempts", rule.attempts},
                                 {"more_than_per_second", rule.more_than_per_second}});
  }
  object["can_open"] = or_null(breaker.can_open);
  object["can_close"] = or_null(breaker.can_close);
  object["can_starve"] = breaker.starves_at > 0;
  object["rules"] = std::move(rules);
  object["opens"] = nullptr;
  if (breaker.can_open.value_or(false)) {
    object["opens"] = json::object{{"rule", breaker.opened_by},
                                   {"attempts", breaker.opened_after},
                                   {"seconds", to_seconds(breaker.opened_within)}};
  }
  object["closes"] = nullptr;
  if (breaker.can_close.value_or(false))
    object["closes"] = json::object{{"probes", breaker.probes},
                                    {"seconds", seconds(breaker.recovery)},
                                    {"attained", breaker.recovery_attained}};
  object["starves"] = nullptr;
  if (breaker.starves_at > 0) {
    object["starves"] =
        json::object{{"rule", text(breaker.starving_rule)}, {"calls_per_second", breaker.starves_at}};
  }
  object["counterexample"] = nullptr;
  object["counterexample_shows"] = nullptr;
  if (!breaker.witnesses.empty()) {
    object["counterexample"] = lines_of(breaker.witnesses.front().trace);
    object["counterexample_shows"] = breaker.witnesses.front().shows;
  }
  object["traces"] = traces_of(breaker, files);
}

/// Of a policy without a breaker.
void add_no_breaker(json::object& object) {
  for (const char* key : {"can_open", "can_close", "can_starve", "opens", "closes", "starves",
                          "counterexample", "counterexample_shows"})
    object[key] = nullptr;
  object["rules"] = json::array{};
  object["traces"] = json::object{};
}

json::object json_of(const analysis::WorstLatency& latency) {
  return {{"most", seconds(latency.most)},
          {"unbounded_because", latency.most ? json::value(nullptr) : json::value(latency.unbounded)},
          {"token_wait", to_seconds(latency.token_wait)},
          {"slot_wait", to_seconds(latency.queue_wait)},
          {"attempt", seconds(latency.attempt)},
          {"attempt_with_hedges", seconds(latency.race)},
          {"delays", to_seconds(latency.delays_asked_for)},
          {"attempts_and_delays", seconds(latency.attempts)}};
}

json::object json_of(const analysis::Amplification& load) {
  return {{"most", load.most},
          {"steady", load.steady ? json::value(*load.steady) : json::value(load.most)},
          {"extra_per_second", load.extra_per_second}};
}

json::object json_of(const Memory& memory) {
  return {{"bytes", memory.total()},   {"breaker", memory.breaker}, {"by_value", memory.by_value},
          {"answers", memory.answers}, {"queue", memory.queue},     {"bodies", memory.bodies}};
}

json::object json_of(const Held& held) {
  return {{"attempts", or_null(held.attempts)},
          {"limited_by", held.attempts ? text(held.limited_by) : json::value(nullptr)},
          {"waiting_for_slot", held.queued},
          {"waiting_for_token", held.for_tokens}};
}

json::object json_of(const Chain& chain) {
  return {{"path", json::array(chain.path.begin(), chain.path.end())},
          {"amplification", or_null(chain.amplification)}};
}

}  // namespace

json::object to_json(const Told& told) {
  const PolicyProof& proof = *told.proof;
  json::object object;
  if (proof.breaker) {
    add_breaker(object, *proof.breaker, told.files);
  } else {
    add_no_breaker(object);
  }
  object["worst_latency"] = seconds(proof.worst.latency.most);
  object["latency"] = json_of(proof.worst.latency);
  object["amplification"] = proof.worst.amplification.most;
  object["load"] = json_of(proof.worst.amplification);
  object["memory"] = json_of(proof.memory);
  object["held"] = json_of(proof.held);
  std::vector<Finding> findings = proof.findings;
  if (told.chain != nullptr) {
    object["policy"] = proof.policy;
    object["chain"] = json_of(*told.chain);
    findings.insert(findings.end(), told.chain->findings.begin(), told.chain->findings.end());
  }
  object["findings"] = json_of(findings);
  return object;
}

}  // namespace switchgear::prove
