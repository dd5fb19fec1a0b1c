#include "app/alert/incident/changes.hpp"

#include <functional>
#include <iterator>
#include <set>
#include <string_view>

namespace switchgear::alert {

namespace {

template <class T>
void append(std::vector<T>& all, std::vector<T>& more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

void append_ids(std::vector<std::string>& all, std::vector<std::string>& more) {
  append(all, more);
  if (all.size() > Changes::most_ids)
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(Changes::most_ids));
}

template <class Record>
void erase(std::vector<Record>& from, const std::set<std::string_view>& ids) {
  if (!ids.empty()) std::erase_if(from, [&](const Record& record) { return ids.contains(record.id); });
}

}  // namespace

void Changes::add(Changes later) {
  std::set<std::string_view> outdated{later.removed.begin(), later.removed.end()};
  for (const Incident& incident : later.put) outdated.insert(incident.id);
  erase(put, outdated);
  erase(messages, {later.finished.begin(), later.finished.end()});
  erase(silences, {later.ended_silences.begin(), later.ended_silences.end()});
  append(put, later.put);
  append(messages, later.messages);
  append(silences, later.silences);
  append_ids(removed, later.removed);
  append_ids(finished, later.finished);
  append_ids(ended_silences, later.ended_silences);
}

}  // namespace switchgear::alert
