#include "app/interop/fields.hpp"

#include <algorithm>
#include <unordered_set>

namespace switchgear::interop {

using config::join;
using config::Node;

namespace {

/// `base_interval` as JSON spells it: `baseInterval`.
bool is_spelled(std::string_view key, std::string_view name) {
  if (key == name) return true;
  std::size_t at = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char letter = name[i];
    if (letter == '_' && i + 1 < name.size()) {
      letter = name[++i];
      if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    if (at == key.size() || key[at++] != letter) return false;
  }
  return at == key.size();
}

}  // namespace

const Node& no_fields() {
  static const Node empty = [] {
    Node node;
    node.kind = Node::Kind::mapping;
    return node;
  }();
  return empty;
}

Fields::Fields(const Value& mapping, Ledger& ledger) : self_(mapping), ledger_(&ledger) {
  const Node& node = *self_.node;
  if (node.kind != Node::Kind::mapping) {
    if (!node.empty()) self_.wrong(found(node) + " found; expected a mapping");
    return;
  }
  std::unordered_set<std::string_view> names;
  for (const config::Entry& entry : node.entries) {
    if (names.insert(entry.key).second) {
      fields_.push_back({&entry});
    } else {
      self_.report->error(entry.at, join(self_.path, entry.key), "is there twice");
    }
  }
}

std::optional<Value> Fields::find(std::string_view name) {
  for (Field& field : fields_) {
    if (!is_spelled(field.entry->key, name)) continue;
    field.seen = true;
    if (field.entry->value.empty()) continue;
    return Value{&field.entry->value, field.entry->at, join(self_.path, field.entry->key), self_.report};
  }
  return std::nullopt;
}

Value Fields::section(std::string_view name) {
  if (auto value = find(name)) return *std::move(value);
  return {&no_fields(), self_.key, join(self_.path, name), self_.report};
}

void Fields::absent(std::string_view name, std::string_view to, std::string_view shown, Fate fate) {
  Origin origin{self_};
  if (self_.node == &no_fields()) origin.at = self_.key;
  origin.field = join(self_.path, name);
  const std::string note = "absent: " + std::string(shown);
  fate == Fate::carried ? ledger_->carried(std::move(origin), to, note)
                        : ledger_->approximated(std::move(origin), to, note);
}

void Fields::none(std::string_view name, std::string_view why) {
  if (const auto value = find(name)) ledger_->none(*value, why);
}

void Fields::none(std::initializer_list<std::string_view> names, std::string_view why) {
  for (const std::string_view name : names) none(name, why);
}

void Fields::ignore(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) static_cast<void>(find(name));
}

void Fields::finish() {
  for (Field& field : fields_) {
    if (field.seen) continue;
    field.seen = true;
    const std::string path = join(self_.path, field.entry->key);
    ledger_->none(Value{&field.entry->value, field.entry->at, path, self_.report}, "unknown field");
  }
}

}  // namespace switchgear::interop
