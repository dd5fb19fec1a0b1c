// Why an incident is not told: a silence covers it, or a graver one says it already.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "app/alert/incident/incident.hpp"

namespace switchgear::alert {

/// As of one moment. Borrows what it is made from. Threads: one.
class Mutes {
 public:
  explicit Mutes(Moment now) : now_(now) {}
  void add(std::span<const Silence> silences);
  void add(std::span<const Inhibition> inhibitions);
  /// An incident that fires, and may be the source of inhibitions; after these were added.
  void add(const Incident& firing);

  /// The id of the silence, or of the inhibiting incident; empty: it is told. O(silences + inhibitions).
  [[nodiscard]] std::string by(const Incident& incident) const;

 private:
  struct Inhibiting {
    const Inhibition* rule;
    std::map<std::string, std::string> sources;  ///< the values of `equal` → id of an incident
  };

  Moment now_;
  std::vector<const Silence*> silences_;
  std::vector<Inhibiting> inhibitions_;
};

}  // namespace switchgear::alert
