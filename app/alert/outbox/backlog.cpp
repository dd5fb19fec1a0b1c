#include "app/alert/outbox/backlog.hpp"

#include <iterator>
#include <utility>

namespace switchgear::alert {

namespace {

void move_all(std::vector<Message>& from, std::vector<Message>& to) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

}  // namespace

void Backlog::add(Changes changes) {
  after_next_.insert(after_next_.end(), changes.messages.begin(), changes.messages.end());
  std::erase_if(changes.messages, [](const Message& one) { return one.telling == Telling::refresh; });
  waiting_.add(std::move(changes));
  // Refreshes are not kept: if they are all there is, they wait for no write.
  if (failing_ || (!under_way_ && waiting_.empty())) {
    move_all(after_this_, ready_);
    move_all(after_next_, ready_);
  }
}

void Backlog::finished(const std::string& message) {
  Changes changes;
  changes.finished.push_back(message);
  waiting_.add(std::move(changes));
}

std::shared_ptr<const Changes> Backlog::next() {
  if (under_way_ || waiting_.empty()) return nullptr;
  under_way_ = std::make_shared<const Changes>(std::exchange(waiting_, {}));
  move_all(after_next_, after_this_);
  return under_way_;
}

void Backlog::ended(bool kept) {
  failing_ = !kept;
  if (!kept) waiting_ = rest();
  under_way_.reset();
  move_all(after_this_, ready_);
  if (failing_ || waiting_.empty()) move_all(after_next_, ready_);
}

Changes Backlog::rest() const {
  Changes all = under_way_ ? *under_way_ : Changes{};
  all.add(waiting_);
  return all;
}

std::vector<Message> Backlog::take_ready() { return std::exchange(ready_, {}); }

}  // namespace switchgear::alert
