#include "switchgear/postgres/connection/prepared_statements.hpp"

namespace switchgear::postgres {

PreparedStatements::Use PreparedStatements::use(const std::string& sql) {
  Use use;
  if (prepare_at_ == 0 || most_ == 0) return use;
  if (std::exchange(seen_, schema_->changes) != schema_->changes) forget_all();
  const auto found = by_text_.find(sql);
  if (found != by_text_.end()) {
    known_.splice(known_.begin(), known_, found->second);
  } else {
    if (known_.size() >= most_) {
      use.makes_room = known_.back().name;
      by_text_.erase(known_.back().sql);
      known_.pop_back();
    }
    known_.push_front({sql, 0, {}});
    by_text_.emplace(known_.front().sql, known_.begin());
  }
  Known& known = known_.front();
  if (known.name.empty() && ++known.uses >= prepare_at_) {
    known.name = "sg" + std::to_string(++made_);
    use.is_new = true;
  }
  use.name = known.name;
  return use;
}

void PreparedStatements::forget(const std::string& sql) noexcept {
  const auto found = by_text_.find(sql);
  if (found == by_text_.end()) return;
  const auto place = found->second;
  by_text_.erase(found);
  known_.erase(place);
}

void PreparedStatements::note_lost() noexcept {
  by_text_.clear();
  known_.clear();
}

void PreparedStatements::note_outdated() {
  // Another connection may have found the same change while this one waited for its answer.
  if (seen_ == schema_->changes) ++schema_->changes;
  seen_ = schema_->changes;
  forget_all();
}

void PreparedStatements::forget_all() {
  for (const Known& known : known_) {
    if (!known.name.empty())
      forgotten_ += (forgotten_.empty() ? "DEALLOCATE " : "; DEALLOCATE ") + known.name;
  }
  note_lost();
}

}  // namespace switchgear::postgres
