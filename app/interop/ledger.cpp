#include "app/interop/ledger.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "switchgear/config/report.hpp"
#include "switchgear/core/utf8.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

std::string line_of(const Entry& entry, std::string_view word, std::string_view file) {
  std::string line = config::printable(file);
  if (entry.from.at) {
    line.append(":").append(std::to_string(entry.from.at->line));
    line.append(":").append(std::to_string(entry.from.at->column));
  }
  line.append(": ").append(word).append(": ");
  if (!entry.document.empty()) line.append(config::printable(entry.document)).append(": ");
  line += config::printable(entry.from.field);
  if (!entry.to.empty()) line.append(" → ").append(config::printable(entry.to));
  if (!entry.note.empty()) line.append(" (").append(entry.note).append(")");
  return line.append("\n");
}

json::object object_of(const Entry& entry, std::string_view word) {
  json::object object;
  if (!entry.document.empty()) object["document"] = as_utf8(entry.document);
  if (entry.from.at) {
    object["line"] = entry.from.at->line;
    object["column"] = entry.from.at->column;
  }
  object["field"] = as_utf8(entry.from.field);
  object["status"] = word;
  object["to"] = entry.to.empty() ? json::value(nullptr) : json::value(as_utf8(entry.to));
  object["note"] = as_utf8(entry.note);
  return object;
}

}  // namespace

void Ledger::add(Origin from, Fate fate, std::string_view to, std::string_view note) {
  entries_.push_back({document_, std::move(from), fate, std::string(to), part_, std::string(note)});
}

void Ledger::settle_parts() {
  using Field = std::tuple<std::string_view, std::size_t, std::size_t, std::string_view>;
  const auto field_of = [](const Entry& entry) {
    const config::Mark at = entry.from.at.value_or(config::Mark{});
    return Field{entry.document, at.line, at.column, entry.from.field};
  };
  std::map<Field, std::vector<Entry*>> fields;
  for (Entry& entry : entries_) {
    if (!entry.part.empty()) fields[field_of(entry)].push_back(&entry);
  }
  std::set<const Entry*> said;  // elsewhere
  for (const auto& [field, entries] : fields) {
    const auto there =
        std::ranges::find_if(entries, [](const Entry* e) { return e->fate != Fate::no_counterpart; });
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Entry& entry = *entries[i];
      const auto is_same = [&](const Entry* e) {
        return e->fate == entry.fate && e->to == entry.to && e->note == entry.note;
      };
      if (std::any_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(i), is_same)) {
        said.insert(&entry);
      } else if (there != entries.end() && entry.fate == Fate::no_counterpart) {
        std::string& note = (*there)->note;
        note += (note.empty() ? "" : "; ") + ("not of " + entry.part + ": ") + entry.note;
        said.insert(&entry);
      }
    }
  }
  part_.clear();
  std::erase_if(entries_, [&](const Entry& entry) { return said.contains(&entry); });
}

std::size_t Ledger::count(Fate fate) const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [fate](const Entry& entry) { return entry.fate == fate; }));
}

std::string Ledger::to_text(std::string_view file) const {
  std::string text;
  for (const Entry& entry : entries_) text += line_of(entry, word(entry.fate), file);
  text.append(config::printable(file)).append(": ");
  text.append(std::to_string(count(Fate::carried))).append(" ").append(word(Fate::carried)).append(", ");
  text.append(std::to_string(count(Fate::approximated))).append(" approximated, ");
  text.append(std::to_string(count(Fate::no_counterpart))).append(" without a counterpart\n");
  return text;
}

json::object Ledger::to_json(std::string_view file) const {
  json::array fields;
  for (const Entry& entry : entries_) fields.push_back(object_of(entry, word(entry.fate)));
  return {{"file", as_utf8(file)},
          {word(Fate::carried), count(Fate::carried)},
          {"approximated", count(Fate::approximated)},
          {"no_counterpart", count(Fate::no_counterpart)},
          {"fields", std::move(fields)}};
}

}  // namespace switchgear::interop
