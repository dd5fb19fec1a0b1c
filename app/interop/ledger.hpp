// The account of an import or an export: for each field of the file that was read, where it went. A field
// that has no entry would have been dropped silently, which is what this room exists to prevent.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "switchgear/config/section.hpp"

namespace switchgear::interop {

enum class Fate : std::uint8_t { carried, approximated, no_counterpart };

/// A field of the file that was read.
struct Origin {
  std::optional<config::Mark> at{};  ///< unset in an export, whose fields are those of a loaded file
  std::string field;

  Origin(const config::Value& value) : at(value.node->at), field(value.path) {}  // NOLINT(*-explicit-*)
  Origin(std::string_view path) : field(path) {}                                 // NOLINT(*-explicit-*)
  Origin(std::string path) : field(std::move(path)) {}                           // NOLINT(*-explicit-*)
  Origin(const char* path) : field(path) {}                                      // NOLINT(*-explicit-*)
};

struct Entry {
  std::string document;  ///< `DestinationRule reviews`; empty: the file
  Origin from;
  Fate fate = Fate::carried;
  std::string to;    ///< the field that was written; empty if none was
  std::string part;  ///< of several that are made of one document, which one; empty: the only one
  std::string note;  ///< how it was approximated, why it has no counterpart, which default was written out
};

class Ledger {
 public:
  /// `carried` is the word for the first fate: "imported", "exported".
  explicit Ledger(std::string_view carried) : words_{carried, "approximated", "no counterpart"} {}

  /// Entries from now on are about this document. Returns the one before.
  std::string begin(std::string document) { return std::exchange(document_, std::move(document)); }

  /// Entries from now on are about this one of the services that are made of one document: `services.shop-2`.
  /// Empty: about all.
  void begin_part(std::string part) { part_ = std::move(part); }
  /// A field of a document that some of its services have and others cannot have is carried, with a note of
  /// where it is not; one that says the same of several is said once.
  void settle_parts();

  void carried(Origin from, std::string_view to, std::string_view note = {}) {
    add(std::move(from), Fate::carried, to, note);
  }
  void approximated(Origin from, std::string_view to, std::string_view how) {
    add(std::move(from), Fate::approximated, to, how);
  }
  void none(Origin from, std::string_view why) { add(std::move(from), Fate::no_counterpart, {}, why); }

  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t count(Fate fate) const noexcept;
  [[nodiscard]] std::string_view word(Fate fate) const noexcept {
    return words_[static_cast<std::size_t>(fate)];
  }

  /// A line per entry, then one with the counts: `FILE:LINE:COL: imported: FIELD → FIELD (note)`.
  [[nodiscard]] std::string to_text(std::string_view file) const;
  [[nodiscard]] boost::json::object to_json(std::string_view file) const;

 private:
  void add(Origin from, Fate fate, std::string_view to, std::string_view note);

  std::array<std::string_view, 3> words_;
  std::string document_;
  std::string part_;
  std::vector<Entry> entries_;
};

}  // namespace switchgear::interop
