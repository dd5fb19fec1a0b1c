#include <algorithm>
#include <array>
#include <cstdio>

#include "app/check/explain_report.hpp"
#include "app/prove/report.hpp"

namespace switchgear::prove {

namespace {

std::string number(double value) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.6g", value);
  return text.data();
}

std::string readable(Duration length) {
  if (length < std::chrono::microseconds{1}) return number(static_cast<double>(length.count())) + "ns";
  if (length < std::chrono::milliseconds{1}) return number(static_cast<double>(length.count()) / 1e3) + "us";
  if (length < std::chrono::seconds{1}) return number(static_cast<double>(length.count()) / 1e6) + "ms";
  return number(to_seconds(length)) + "s";
}

std::string count(std::uint64_t n, std::string_view word) {
  return std::to_string(n).append(" ").append(word).append(n == 1 ? "" : "s");
}

class Block {
 public:
  explicit Block(const Told& told) : told_(told), proof_(*told.proof) { text_ = told.title + "\n"; }

  std::string take() {
    if (proof_.breaker) add_breaker(*proof_.breaker);
    add_latency();
    add_attempts();
    add_held();
    add_memory();
    if (told_.chain != nullptr) add_chain(*told_.chain);
    for (const Finding& finding : proof_.findings) add_finding(finding);
    if (told_.chain != nullptr) {
      for (const Finding& finding : told_.chain->findings) add_finding(finding);
    }
    return std::move(text_);
  }

 private:
  /// Wrapped, its further lines indented by `margin`.
  void wrap(std::string_view begin, std::size_t margin, std::string_view rest) {
    constexpr std::size_t widest = 100;
    text_ += begin;
    std::size_t at = begin.size();
    for (bool first = true; !rest.empty(); first = false) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      if (!first && at + 1 + word.size() > widest) {
        text_.append("\n").append(margin, ' ');
        at = margin;
      } else if (!first) {
        text_ += ' ';
        ++at;
      }
      text_ += word;
      at += word.size();
      rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    text_ += '\n';
  }
  void line(std::string_view label, std::string_view rest) {
    constexpr std::size_t margin = 13;
    std::string begin = "  " + std::string(label);
    begin.resize(margin, ' ');
    wrap(begin, margin, rest);
  }
  void line_with_file(std::string_view label, std::string rest, const std::string& witness) {
    const auto file = told_.files.find(witness);
    if (file != told_.files.end()) rest += " [" + file->second + "]";
    line(label, rest);
  }

  void add_breaker(const BreakerProof& breaker) {
    if (!breaker.can_open) {
      line("opens", "not found out");
    } else if (*breaker.can_open) {
      std::string rest = "yes, by " + breaker.opened_by + ": after ";
      rest += count(breaker.opened_after, breaker.opened_by == "health_check" ? "bad check" : "attempt");
      if (breaker.opened_within > Duration::zero()) rest += " within " + readable(breaker.opened_within);
      line_with_file("opens", rest, "opens");
    } else {
      line_with_file("opens", "NEVER", "never_opens");
    }
    if (!breaker.can_close.value_or(false)) {
      line_with_file("closes", breaker.can_close ? "NEVER" : "not found out", "never_closes");
    } else {
      std::string rest = "yes, after " + count(breaker.probes, "good probe");
      if (breaker.recovery) {
        const std::string after = readable(*breaker.recovery) + " after it opened";
        rest += breaker.recovery_attained ? ", " + after + " at the soonest" : ", not before " + after;
      }
      line_with_file("closes", rest, "closes");
    }
    if (breaker.starves_at > 0) {
      line_with_file("starves",
                     "at " + number(breaker.starves_at) + " calls a second or fewer (" +
                         std::string(breaker.starving_rule) + ")",
                     "starves");
    }
  }

  void add_latency() {
    const analysis::WorstLatency& latency = proof_.worst.latency;
    if (!latency.most) return line("latency", "unbounded: " + latency.unbounded);
    std::string parts;
    const auto add = [&](const std::string& part) { parts += (parts.empty() ? ": " : " + ") + part; };
    if (latency.token_wait > Duration::zero()) add(readable(latency.token_wait) + " for a token");
    if (latency.queue_wait > Duration::zero()) add(readable(latency.queue_wait) + " for a slot");
    const auto& policy = proof_.applied;
    if (latency.attempts && (!policy.deadline || *latency.attempts <= *policy.deadline)) {
      add(count(policy.retry ? policy.retry->max_attempts : 1, "attempt") + " of " + readable(*latency.race));
      if (latency.delays_asked_for > Duration::zero()) add(readable(latency.delays_asked_for) + " of delays");
    } else {
      add(readable(*policy.deadline) + " until the deadline");
    }
    line("latency", "at most " + readable(*latency.most) + " a call" + parts);
  }

  void add_attempts() {
    const analysis::Amplification& load = proof_.worst.amplification;
    std::string rest = "at most " + std::to_string(load.most) + " for one call";
    if (load.steady) {
      rest += ", on average at most " + number(*load.steady) + " (retry.budget)";
      if (load.extra_per_second > 0) rest += " and " + number(load.extra_per_second) + " more a second";
    }
    line("attempts", rest);
  }

  void add_held() {
    const Held& held = proof_.held;
    std::string rest = held.attempts ? "at most " + count(*held.attempts, "attempt") + " (" +
                                           std::string(held.limited_by) + ")"
                                     : "unbounded";
    if (held.queued > 0) rest += ", and " + count(held.queued, "call") + " that wait for a slot";
    if (held.for_tokens > 0) rest += ", and " + count(held.for_tokens, "call") + " that wait for a token";
    line("in flight", rest);
  }

  void add_memory() {
    const Memory& memory = proof_.memory;
    if (memory.total() == 0) return;
    std::string parts;
    const auto add = [&](std::uint64_t bytes, std::string_view what) {
      if (bytes > 0) parts.append(parts.empty() ? "" : ", ").append(check::format_bytes(bytes)).append(what);
    };
    add(memory.breaker, " breaker");
    add(memory.by_value, " breakers by value");
    add(memory.answers, " answers");
    add(memory.queue, " stored calls");
    add(memory.bodies, " request bodies");
    line("memory", "at most " + check::format_bytes(memory.total()) + ": " + parts);
  }

  void add_chain(const Chain& chain) {
    if (chain.path.size() < 2) return;
    std::string path;
    for (const std::string& name : chain.path) path += (path.empty() ? "" : " -> ") + name;
    line("chain", chain.amplification ? "at most " + number(*chain.amplification) +
                                            " attempts at the end for one call: " + path
                                      : "unbounded, a circle: " + path);
  }

  void add_finding(const Finding& finding) {
    if (told_.known != nullptr && std::ranges::find(*told_.known, finding) != told_.known->end()) return;
    wrap("  ! ", 4, finding.key + ": " + finding.message);
  }

  const Told& told_;
  const PolicyProof& proof_;
  std::string text_;
};

}  // namespace

std::string to_text(const Told& told) { return Block(told).take(); }

}  // namespace switchgear::prove
