#include "switchgear/config/own_sections.hpp"

#include <algorithm>
#include <array>

#include "switchgear/core/raise.hpp"

namespace switchgear::config {

namespace {

constexpr std::array<std::string_view, 4> taken{"version", "gateway", "policies", "services"};

/// Sections of `switchgear serve`. Another program may share its file, and passes over those it does not read
/// itself.
constexpr std::array<std::string_view, 5> of_serve{"alerts", "fleet", "history", "log", "telemetry"};

}  // namespace

OwnSections& OwnSections::add(Entry entry) {
  const bool known = std::find(taken.begin(), taken.end(), entry.key) != taken.end();
  const bool twice = std::any_of(entries_.begin(), entries_.end(), [&](const Entry& other) {
    return other.key == entry.key || other.absent.type() == entry.absent.type();
  });
  if (known || twice)
    switchgear::detail::raise_invalid("section " + quoted(entry.key) +
                                      ": its key, or the type of its options, is taken");
  entries_.push_back(std::move(entry));
  return *this;
}

OwnValues OwnSections::read(Section& root, const Config& config, const std::string& directory,
                            const std::string& file) const {
  OwnValues values;
  const FileContext context{config, directory, file, values};
  for (const Entry& entry : entries_) {
    const auto value = root.find(entry.key);
    values.put(value ? entry.read(*value, context) : entry.absent);
  }
  for (const std::string_view key : of_serve) (void)root.find(key);
  return values;
}

}  // namespace switchgear::config
