#include "app/shop/store.hpp"

namespace switchgear::shop {

Work::Kind work_kind(std::string_view name) {
  for (const auto kind : {Work::Kind::account, Work::Kind::mail, Work::Kind::release, Work::Kind::refund}) {
    if (to_string(kind) == name) return kind;
  }
  throw std::invalid_argument("unknown kind of work: " + std::string(name));
}

std::vector<std::string> to_undo(Undo undo) {
  switch (undo) {
    case Undo::nothing:
      return {};
    case Undo::reservation:
      return {"release"};
    case Undo::reservation_and_charge:
      return {"release", "refund"};
  }
  return {};
}

}  // namespace switchgear::shop
