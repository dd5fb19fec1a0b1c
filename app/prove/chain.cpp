#include "app/prove/chain.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "switchgear/core/duration_text.hpp"

namespace switchgear::prove {

namespace {

/// Of a longer path, its beginning is told.
constexpr std::size_t most_told = 30;

std::string joined(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& name : path) text += (text.empty() ? "" : " -> ") + name;
  return text;
}

class Chains {
 public:
  Chains(const config::Config& config, const std::map<std::string, PolicyProof>& proofs)
      : config_(config), proofs_(proofs) {}

  std::map<std::string, Chain> take() {
    for (const auto& [name, service] : config_.services) visit(service);
    for (auto& [name, chain] : found_) tell(config_.services.at(name), chain);
    return std::move(found_);
  }

 private:
  [[nodiscard]] double attempts(const std::string& service) const {
    return static_cast<double>(proofs_.at(service).worst.amplification.most);
  }

  const Chain& visit(const config::Service& service) {
    if (const auto known = found_.find(service.name); known != found_.end()) return known->second;
    on_path_.insert(service.name);
    Chain worst{{service.name}, attempts(service.name), {}};
    double most = 1;
    for (const std::string& called : service.calls) {
      if (!worst.amplification) break;
      if (on_path_.contains(called)) {
        worst.path = {service.name, called};
        worst.amplification.reset();
        break;
      }
      const Chain& next = visit(config_.services.at(called));
      if (next.amplification && *next.amplification <= most && worst.path.size() > 1) continue;
      most = next.amplification.value_or(most);
      worst.path = {service.name};
      const std::size_t told = std::min(next.path.size(), most_told);
      worst.path.insert(worst.path.end(), next.path.begin(),
                        next.path.begin() + static_cast<std::ptrdiff_t>(told));
      worst.amplification.reset();
      if (next.amplification) worst.amplification = attempts(service.name) * *next.amplification;
    }
    on_path_.erase(service.name);
    return found_.insert_or_assign(service.name, std::move(worst)).first->second;
  }

  void tell(const config::Service& service, Chain& chain) const {
    if (!chain.amplification) {
      chain.findings.push_back({"circle", "services." + service.name + ".calls",
                                "services call each other in a circle: " + joined(chain.path) +
                                    "; nothing bounds how many attempts a call becomes"});
    }
    const auto limit = analysis::attempt_limit(proofs_.at(service.name).applied);
    for (const std::string& called : service.calls) {
      const PolicyProof& other = proofs_.at(called);
      const auto most = other.worst.latency.most;
      if (!limit || !most || *most <= *limit) continue;
      chain.findings.push_back({"gives_up_first", "policies." + other.policy + ".deadline",
                                service.name + " waits " + format_duration(*limit) +
                                    " for an attempt, in which its call of " + called + " may take " +
                                    format_duration(*most) + ": " + called +
                                    " goes on for a caller that has left; a deadline there of " +
                                    format_duration(*limit) + " at most ends it in time"});
    }
  }

  const config::Config& config_;
  const std::map<std::string, PolicyProof>& proofs_;
  std::map<std::string, Chain> found_;
  std::set<std::string> on_path_;
};

}  // namespace

std::map<std::string, Chain> prove_chains(const config::Config& config,
                                          const std::map<std::string, PolicyProof>& proofs) {
  return Chains(config, proofs).take();
}

}  // namespace switchgear::prove
