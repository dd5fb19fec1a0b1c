#include "app/prove/breaker_proof.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "app/prove/rule_proof.hpp"
#include "app/prove/soonest.hpp"
#include "switchgear/analysis/breaker_outlook.hpp"
#include "switchgear/core/duration_text.hpp"

namespace switchgear::prove {

namespace {

constexpr Duration millisecond = std::chrono::milliseconds{1};

std::string number(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

std::string key_of(std::string_view rule) { return "circuit_breaker." + std::string(rule); }

/// The key that stands in a rule's way.
std::string changing_key(const RuleProof& rule) {
  const auto says = [&](std::string_view word) { return rule.never.find(word) != std::string::npos; };
  if (says("(failure_when)")) return "failure_when";
  if (rule.rule == "stuck_calls") return "circuit_breaker.stuck_calls.count";
  if (rule.rule == "slow_call" && !says("minimum_calls") && !says(" a second "))
    return "circuit_breaker.slow_call.threshold";
  if (rule.rule == "latency" && !says("minimum_calls") && !says(" a second "))
    return "circuit_breaker.latency.above";
  if (says("confidence")) return "circuit_breaker.failure_rate.confidence";
  return "circuit_breaker.minimum_calls";
}

class Proof {
 public:
  /// `played`: what traces are tried on, with the levels that the question's breaker may have.
  Proof(const Question& question, const CircuitBreakerOptions& played)
      : question_(question),
        breaker_(*question.policy.circuit_breaker),
        played_(played),
        calls_(question.policy, question.rate),
        opened_level_(played.levels ? std::optional(BreakerLevel::warning) : std::nullopt) {}

  BreakerProof take() {
    try_rules();
    prove_opening();
    prove_closing();
    prove_starving();
    tell_rules();
    std::ranges::stable_sort(proof_.witnesses, {}, [](const Witness& witness) { return rank(witness.name); });
    return std::move(proof_);
  }

 private:
  static int rank(std::string_view name) {
    constexpr std::array<std::string_view, 5> names{"never_opens", "never_closes", "opens", "closes",
                                                    "starves"};
    return static_cast<int>(std::ranges::find(names, name) - names.begin());
  }

  void try_rules() {
    const analysis::BreakerOutlook outlook = analysis::breaker_outlook(question_.policy);
    proof_.probes = outlook.probes_to_close;
    for (const analysis::RuleOutlook& rule : outlook.rules) tried_.push_back(try_rule(question_, rule));
    for (const TriedRule& tried : tried_) proof_.rules.push_back(tried.proof);
  }

  // --- opening

  void prove_opening() {
    for (const TriedRule& tried : tried_) offer_opening(tried);
    if (question_.health_check && !proof_.can_open.value_or(false)) open_by_checks();
    if (proof_.can_open) return;
    const auto holds = [](const TriedRule& tried) { return tried.proof.can_hold; };
    const auto known = [](const TriedRule& tried) { return tried.known; };
    if (std::ranges::any_of(tried_, holds)) {
      open_untried(*std::ranges::find_if(tried_, holds));
    } else if (std::ranges::all_of(tried_, known)) {
      proof_.can_open = false;
      never_opens();
    } else {
      proof_.findings.push_back({"unknown", "circuit_breaker", "whether it can open was not found out"});
    }
  }

  void offer_opening(const TriedRule& tried) {
    if (tried.trace.empty()) return;
    const Played played = play(played_, tried.trace);
    if (!played.opened()) return;
    if (proof_.can_open && attempts_of(played) >= proof_.opened_after) return;
    proof_.can_open = true;
    opens_ = cut(tried.trace, played);
    tell_opening(*played.first(State::open), attempts_of(played));
  }

  void tell_opening(const Transition& opening, std::size_t attempts) {
    proof_.opened_by = to_string(opening.rule);
    proof_.opened_after = attempts;
    proof_.opened_within = opening.at - opens_.front().at;
    opened_at_ = opening.at;
    opened_level_ = opening.level;
    std::erase_if(proof_.witnesses, [](const Witness& witness) { return witness.name == "opens"; });
    proof_.witnesses.push_back({"opens", "closed -> open by " + proof_.opened_by, opens_});
  }

  /// More calls than are played: what holds was worked out, and is not shown.
  void open_untried(const TriedRule& tried) {
    proof_.can_open = true;
    proof_.opened_by = tried.proof.rule;
    proof_.opened_after = tried.proof.attempts;
  }

  void open_by_checks() {
    const HealthRows& rows = *question_.health_check;
    for (std::uint32_t k = 0; k < rows.unhealthy; ++k)
      opens_.push_back(check(TimePoint{std::chrono::seconds{k}}, CheckAnswer::bad, rows));
    const Played played = play(played_, opens_);
    if (const Transition* opening = played.first(State::open)) {
      proof_.can_open = true;
      tell_opening(*opening, played.ended);
    }
  }

  void never_opens() {
    std::string reasons;
    for (const TriedRule& tried : tried_)
      reasons.append(reasons.empty() ? "" : "; ")
          .append(tried.proof.rule)
          .append(": ")
          .append(tried.proof.never);
    proof_.findings.push_back(
        {"never_opens", changing_key(tried_.front().proof), "it can never open: " + reasons});
    proof_.witnesses.push_back({"never_opens", "stays closed, however bad the calls", worst_of_all(1)});
  }

  /// The worst that still may happen, several times as long as a rule that could hold would need.
  [[nodiscard]] Trace worst_of_all(std::uint64_t least) const {
    constexpr std::uint64_t shown = 1'000;
    for (const TriedRule& tried : tried_) {
      const RuleProof& rule = tried.proof;
      if (rule.never.find("an attempt ends after") != std::string::npos) continue;
      const std::uint64_t n = std::clamp<std::uint64_t>(rule.attempts * 3, least, shown);
      auto traffic = worst_traffic(question_.policy, calls_, rule.rule,
                                   rule.rule == "stuck_calls" ? stuck_at_most() : n);
      for (Trace& trace : traffic) {
        if (!play(played_, trace).opened()) return std::move(trace);
      }
    }
    return as_long_as_possible();
  }

  /// One less than every slot, so that a further call can begin.
  [[nodiscard]] std::uint64_t stuck_at_most() const {
    return std::clamp<std::uint64_t>(calls_.at_once(), 2, most_lines) - 1;
  }

  /// Calls that last until their limit and end well, where no failure counts.
  [[nodiscard]] Trace as_long_as_possible() const {
    constexpr std::uint64_t shown = 100;
    const auto limit = analysis::attempt_limit(question_.policy);
    const Duration length = limit.value_or(millisecond);
    return calls_.attempts(shown, {Verdict::success, FailureType::exception, length, std::nullopt}, 1, {});
  }

  // --- closing

  /// The longest that an opening at a level may be after so many relapses, whatever jitter and adaptation
  /// make of it.
  [[nodiscard]] Duration opening(std::uint32_t relapses, std::optional<BreakerLevel> level) const {
    auto length = static_cast<double>(breaker_.open_duration.count());
    if (breaker_.adaptive) length = std::max(length, length * breaker_.adaptive->opening.lengthen);
    if (level) length = static_cast<double>(played_.at(*level).open_duration.count());
    const auto longest =
        static_cast<double>(std::max(breaker_.max_open_duration, breaker_.open_duration).count());
    length = std::min(length * std::pow(breaker_.backoff, relapses), longest);
    const auto most = static_cast<double>(latest.count());
    return Duration{static_cast<Duration::rep>(std::ceil(std::min(length * (1 + breaker_.jitter), most)))};
  }
  [[nodiscard]] std::optional<BreakerLevel> last_level() const {
    return played_.levels ? std::optional(BreakerLevel::emergency) : std::nullopt;
  }
  [[nodiscard]] Duration beat() const {
    const auto rate = calls_.attempts_per_second();
    return rate ? from_seconds(std::min(1 / *rate, 1e9)) : Duration::zero();
  }

  /// A call of that length is slow at no level.
  [[nodiscard]] Duration slow_above() const {
    Duration least = breaker_.slow_call ? breaker_.slow_call->threshold : millisecond;
    for (const BreakerLevel level : breaker_levels) {
      if (!played_.levels) break;
      if (const auto rule = played_.at(level).slow_call) least = std::min(least, rule->threshold);
    }
    return least;
  }

  /// Whether a probe can be good, at some level if there are levels.
  [[nodiscard]] bool probe_may_be_good() const {
    if (breaker_.half_open.max_wait <= Duration{1}) return false;
    const auto good_at = [](const std::optional<SlowCallRule>& rule) {
      return !rule || rule->threshold > Duration::zero();
    };
    if (!played_.levels) return good_at(breaker_.slow_call);
    return std::ranges::any_of(breaker_levels,
                               [&](BreakerLevel level) { return good_at(played_.at(level).slow_call); });
  }
  [[nodiscard]] bool takes_too_long() const {
    const double apart = to_seconds(breaker_.half_open.probe_interval) + to_seconds(beat()) + 1;
    const double openings = to_seconds(opening(0, opened_level_)) + to_seconds(opening(1, last_level())) +
                            to_seconds(opened_at_ - TimePoint{});
    return openings + 2 * apart * breaker_.half_open.permitted_calls > to_seconds(latest);
  }

  /// Between two probes.
  [[nodiscard]] Duration between_probes(Duration least) const {
    Duration apart = std::max({breaker_.half_open.probe_interval, least, beat()});
    if (beat() > Duration::zero() && apart % beat() != Duration::zero()) apart += beat() - apart % beat();
    return apart;
  }
  /// `n` probes from `at` on, each as soon as it may begin once the one before has ended.
  void add_probes(Trace& trace, TimePoint at, std::uint32_t n, Verdict verdict) const {
    const Duration length = Calls::quick(slow_above(), breaker_.half_open.max_wait);
    const auto types = calls_.failures();
    const FailureType type = types.empty() ? FailureType::http_error : types.front();
    for (std::uint32_t k = 0; k < n; ++k)
      trace.push_back(call(at + k * between_probes(length), length, verdict, type));
  }

  void prove_closing() {
    Trace trace = opens_;
    TimePoint opened = opened_at_;
    if (trace.empty()) {  // as a health check, or a saved state, would open it
      trace.push_back(check(TimePoint{}, CheckAnswer::bad, {1, 1}));
      opened = TimePoint{};
    }
    if (breaker_.half_open.permitted_calls >= most_lines || takes_too_long()) {
      proof_.can_close = probe_may_be_good();
      return;
    }
    ShortestOpening shortest = shortest_opening(question_, calls_, played_, tried_);
    if (!close(trace, opened)) {
      Trace relapses = std::move(trace);
      const bool other = !shortest.opens.empty() && close(shortest.opens, shortest.opened);
      if (!other) return never_closes(std::move(relapses));
    }
    // Probes that take no time, each as soon as it may begin.
    const std::uint32_t more_probes = std::max(proof_.probes, 1U) - 1;
    proof_.recovery = shortest.length + more_probes * between_probes(Duration::zero());
    proof_.recovery_attained = shortest.attained;
  }

  /// By good probes after what has opened it; `begun` becomes what was played if they do not close it. From a
  /// level where none is good it goes up, perhaps to one where they are.
  bool close(Trace& begun, TimePoint opened) {
    const Trace opens = begun;
    Trace trace = begun;
    TimePoint at = opened;
    std::optional<BreakerLevel> level = opened_level_;
    for (std::uint32_t round = 0; round < breaker_levels.size(); ++round) {
      add_probes(trace, at + opening(round, level), breaker_.half_open.permitted_calls, Verdict::success);
      const Played played = play(played_, trace);
      if (round == 0) begun = trace;
      proof_.can_close = played.first(State::closed) != nullptr;
      if (const Transition* closing = played.first(State::closed)) {
        std::erase_if(trace, [&](const lab::TraceEntry& entry) { return entry.at > closing->at; });
        show_closing(opens, opened, std::move(trace), *closing);
        return true;
      }
      const Transition& last = played.transitions.back();
      if (!played_.levels || last.to != State::open) return false;
      std::erase_if(trace, [&](const lab::TraceEntry& entry) { return entry.at > last.at; });
      at = last.at;
      level = last.level;
    }
    return false;
  }

  /// Also from a relapse, and from what an operator has set.
  void show_closing(Trace trace, TimePoint opened, Trace straight, const Transition& closing) {
    std::string shows = "open -> half_open -> closed, after a relapse too; reset ends an operator's command";
    const std::uint32_t permitted = breaker_.half_open.permitted_calls;
    TimePoint at = opened + opening(0, opened_level_);
    if (!calls_.failures().empty()) {
      add_probes(trace, at, permitted, Verdict::failure);
      const Played failed = play(played_, trace);
      const Transition& relapse = failed.transitions.back();
      std::erase_if(trace, [&](const lab::TraceEntry& entry) { return entry.at > relapse.at; });
      at = relapse.at + opening(1, relapse.level);
    }
    add_probes(trace, at, permitted, Verdict::success);
    const Played played = play(played_, trace);
    const auto last = std::ranges::find(played.transitions.rbegin(), played.transitions.rend(), State::closed,
                                        &Transition::to);
    if (last == played.transitions.rend() || last->rule != Rule::recovered) {
      trace = straight;
      at = closing.at;
      shows = "open -> half_open -> closed; reset ends an operator's command";
    } else {
      at = last->at;
      std::erase_if(trace, [&](const lab::TraceEntry& entry) { return entry.at > at; });
    }
    for (const Command set : {Command::force_open, Command::disable, Command::metrics_only}) {
      trace.push_back(command(at += millisecond, set));
      trace.push_back(command(at += millisecond, Command::reset));
    }
    proof_.witnesses.push_back({"closes", std::move(shows), std::move(trace)});
  }

  void never_closes(Trace trace) {
    const bool hangs = breaker_.half_open.max_wait <= Duration{1};
    const bool at_first =
        !played_.levels || (breaker_.slow_call && breaker_.slow_call->threshold == slow_above());
    const std::string key = hangs      ? "circuit_breaker.half_open.max_wait"
                            : at_first ? "circuit_breaker.slow_call.threshold"
                                       : "circuit_breaker.levels";
    const std::string why = hangs ? "every probe has hung when it comes back (half_open.max_wait is " +
                                        format_duration(breaker_.half_open.max_wait) + ")"
                                  : "every call takes longer than " + format_duration(slow_above()) +
                                        ", so every probe is slow, and has failed";
    proof_.findings.push_back({"never_closes", key, "it can never close: " + why + "; make it longer"});
    proof_.witnesses.push_back({"never_closes", "good probes make it relapse", std::move(trace)});
  }

  // --- starving

  void prove_starving() {
    if (!proof_.can_open.value_or(false) || question_.rate || proof_.opened_by == "health_check") return;
    const RuleProof* easiest = nullptr;
    for (const TriedRule& tried : tried_) {
      if (!tried.proof.can_hold) continue;
      if (easiest == nullptr || tried.proof.more_than_per_second < easiest->more_than_per_second)
        easiest = &tried.proof;
    }
    if (easiest == nullptr || easiest->more_than_per_second <= 0) return;
    proof_.starves_at = easiest->more_than_per_second;
    proof_.starving_rule = easiest->rule;
    tell_starving(*easiest);
  }

  [[nodiscard]] std::string limiter_says(double rate) const {
    const auto& limiter = question_.policy.rate_limiter;
    if (!limiter || limiter->rate > rate) return "";
    return ", and the rate limiter admits no more than " + number(limiter->rate) + " calls a second for long";
  }
  void tell_starving(const RuleProof& rule) {
    const Duration window = std::get<TimeWindowOptions>(breaker_.window).duration;
    const bool confident = rule.rule == "failure_rate" && breaker_.failure_rate_confidence.has_value();
    const std::string key = confident ? "circuit_breaker.window.duration" : "circuit_breaker.minimum_calls";
    const std::string remedy =
        confident ? "; a longer window, or consecutive_failures, notices them"
                  : "; a smaller minimum_calls, a longer window, or consecutive_failures notices them";
    proof_.findings.push_back({"starves", key,
                               "at " + number(rule.more_than_per_second) +
                                   " calls a second or fewer it never opens, even if all end badly: " +
                                   std::to_string(rule.attempts) + " attempts never end within " +
                                   format_duration(window) + limiter_says(rule.more_than_per_second) +
                                   remedy});
    if (rule.attempts * 3 >= most_lines) return;
    constexpr double just_below = 0.999;
    const Calls slow_beat(question_.policy, rule.more_than_per_second * just_below);
    auto traffic = worst_traffic(question_.policy, slow_beat, rule.rule, rule.attempts * 3);
    if (traffic.empty() || play(played_, traffic.front()).opened()) return;
    proof_.witnesses.push_back({"starves",
                                "stays closed at " + number(rule.more_than_per_second * just_below) +
                                    " calls a second that all end badly",
                                std::move(traffic.front())});
  }

  // --- rules

  void tell_rules() {
    if (!proof_.can_open.value_or(false)) return;
    for (const TriedRule& tried : tried_) {
      if (tried.proof.can_hold || tried.proof.never.empty()) continue;
      proof_.findings.push_back({"rule_never_holds", changing_key(tried.proof),
                                 key_of(tried.proof.rule) + " can never hold: " + tried.proof.never});
    }
  }

  const Question& question_;
  const CircuitBreakerOptions& breaker_;
  const CircuitBreakerOptions& played_;
  const Calls calls_;
  BreakerProof proof_;
  std::vector<TriedRule> tried_;
  Trace opens_;
  TimePoint opened_at_{};
  std::optional<BreakerLevel> opened_level_;  ///< of a breaker with levels
};

/// A breaker that is at a level is one without levels until it goes to another: what such a one can never do,
/// the level can never do.
void tell_level(const Question& question, BreakerLevel level, BreakerProof& proof) {
  const std::string name{to_string(level)};
  const std::string key = "circuit_breaker.levels." + name;
  Question alone = question;
  alone.policy = analysis::at_level(question.policy, level);
  const BreakerProof found = Proof(alone, *alone.policy.circuit_breaker).take();
  const bool first = level == BreakerLevel::warning;  // then the breaker has that finding
  if (found.can_open == false && !first)
    proof.findings.push_back({"level_never_opens", key, "at level " + name + " it can never open"});
  if (found.can_close == false && proof.can_close != false) {
    const bool last = level == BreakerLevel::emergency;
    proof.findings.push_back({"level_never_closes", key,
                              "at level " + name + " it can never close: " +
                                  (last ? "once it is there, it stays open until an operator's reset"
                                        : "it goes on to the next one")});
  }
}

}  // namespace

BreakerProof prove_breaker(const Question& question) {
  const CircuitBreakerOptions& breaker = *question.policy.circuit_breaker;
  if (!breaker.levels) return Proof(question, breaker).take();
  Question first = question;
  first.policy = analysis::at_level(question.policy, BreakerLevel::warning);
  BreakerProof proof = Proof(first, breaker).take();
  proof.findings.push_back({"levels", "circuit_breaker.levels",
                            "figures are of its first level, warning; the traces were tried with all levels; "
                            "of critical and emergency only that each can open and close was looked at"});
  for (const BreakerLevel level : breaker_levels) tell_level(question, level, proof);
  return proof;
}

}  // namespace switchgear::prove
