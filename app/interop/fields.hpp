// One mapping of another program's file. Every field of it is accounted for in the ledger: asked for, said to
// have no counterpart, or left over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/interop/ledger.hpp"
#include "switchgear/config/section.hpp"

namespace switchgear::interop {

using config::Value;

/// A default of theirs that is written out, because ours differs.
template <class T>
struct Absent {
  T value;
  std::string_view shown;
};

/// What stands in the place of a mapping that is absent.
[[nodiscard]] const config::Node& no_fields();

class Fields {
 public:
  /// A value that is not a mapping, and a field that is there twice, are errors of the file.
  Fields(const Value& mapping, Ledger& ledger);

  /// The field, unless it is absent or null. `name` is in the spelling of protocol buffers (`base_interval`)
  /// or of JSON (`baseInterval`); a name with underscores finds both.
  [[nodiscard]] std::optional<Value> find(std::string_view name);

  /// The field, or an empty mapping in its place.
  [[nodiscard]] Value section(std::string_view name);

  /// Reads a field into `into` and accounts for it as carried to `to`. False if it is absent or wrong.
  template <class T, class Reader>
  bool take(std::string_view name, const Reader& reader, T& into, std::string_view to) {
    const auto value = find(name);
    if (!value) return false;
    auto got = reader(*value);
    if (!got) return false;
    into = static_cast<T>(*std::move(got));
    ledger_->carried(*value, to);
    return true;
  }

  /// The same for a field whose default differs from ours.
  template <class T, class Reader>
  void take(std::string_view name, const Reader& reader, T& into, std::string_view to,
            const Absent<T>& theirs) {
    if (find(name)) {
      take(name, reader, into, to);
      return;
    }
    into = theirs.value;
    absent(name, to, theirs.shown);
  }

  void absent(std::string_view name, std::string_view to, std::string_view shown, Fate fate = Fate::carried);

  /// If the field is there, it has no counterpart.
  void none(std::string_view name, std::string_view why);
  /// All of these.
  void none(std::initializer_list<std::string_view> names, std::string_view why);
  /// Fields that say nothing about traffic: names, labels.
  void ignore(std::initializer_list<std::string_view> names);

  /// Accounts for every field that was not asked for.
  void finish();

  [[nodiscard]] const Value& self() const noexcept { return self_; }
  [[nodiscard]] Ledger& ledger() const noexcept { return *ledger_; }

 private:
  struct Field {
    const config::Entry* entry = nullptr;
    bool seen = false;
  };

  Value self_;
  Ledger* ledger_;
  std::vector<Field> fields_;
};

}  // namespace switchgear::interop
