// The documents of an Istio file, sorted by kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/interop/fields.hpp"

namespace switchgear::interop {

struct IstioDocument {
  std::string title;       ///< `DestinationRule reviews`
  std::string name;        ///< of its metadata
  std::string name_space;  ///< likewise; empty: not given
  Value spec;
};

struct IstioDocuments {
  std::vector<IstioDocument> rules;    ///< DestinationRule
  std::vector<IstioDocument> routes;   ///< VirtualService
  std::vector<IstioDocument> entries;  ///< ServiceEntry
};

/// Others are named in the ledger.
[[nodiscard]] IstioDocuments sorted(const std::vector<Value>& documents, Ledger& ledger);

/// The host that a short name stands for in its document's namespace: `reviews` →
/// `reviews.prod.svc.cluster.local`.
[[nodiscard]] std::string full_host(std::string_view host, const IstioDocument& document);
/// What people call it: without the part that every host of the cluster has.
[[nodiscard]] std::string short_host(std::string_view host);

}  // namespace switchgear::interop
