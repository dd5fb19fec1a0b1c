#include "app/interop/istio_documents.hpp"

#include <algorithm>
#include <array>

#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace {

constexpr std::string_view of_the_cluster = ".svc.cluster.local";

std::string text_of(Fields& fields, std::string_view key) {
  const auto value = fields.find(key);
  return value ? read_text(*value).value_or("") : "";
}

bool is_read(std::string_view version) {
  constexpr std::array<std::string_view, 3> versions{"networking.istio.io/v1", "networking.istio.io/v1beta1",
                                                     "networking.istio.io/v1alpha3"};
  return std::ranges::find(versions, version) != versions.end();
}

void sort_in(const Value& document, IstioDocuments& sorted, Ledger& ledger) {
  if (document.node->empty()) return;
  Fields top(document, ledger);
  if (document.node->kind != config::Node::Kind::mapping) {
    return document.wrong(found(*document.node) +
                          " found; expected a document with apiVersion, kind and spec");
  }
  const std::string version = text_of(top, "apiVersion");
  const std::string kind = text_of(top, "kind");
  if (kind == "List" || kind.ends_with("List")) {
    const auto items = top.find("items");
    if (!items) return;
    for (const Value& item : config::items(*items, "[{kind: DestinationRule}]"))
      sort_in(item, sorted, ledger);
    return;
  }
  Fields metadata(top.section("metadata"), ledger);
  IstioDocument one{"", text_of(metadata, "name"), text_of(metadata, "namespace"), top.section("spec")};
  one.title = (kind.empty() ? "a document without kind" : kind) + (one.name.empty() ? "" : " " + one.name);
  ledger.begin(one.title);
  auto* const list = kind == "DestinationRule"  ? &sorted.rules
                     : kind == "VirtualService" ? &sorted.routes
                     : kind == "ServiceEntry"   ? &sorted.entries
                                                : nullptr;
  if (list == nullptr || !is_read(version)) {
    const std::string what = list == nullptr ? "documents of this kind" : "this version of it";
    Value whole = document;
    if (whole.path.empty()) whole.path = "the document";
    ledger.none(whole, "skipped: an import does not read " + what);
    return;
  }
  metadata.ignore({"name", "namespace", "labels", "annotations", "uid", "resourceVersion", "generation",
                   "creationTimestamp", "managedFields", "selfLink"});
  metadata.finish();
  top.ignore({"status"});
  top.finish();
  list->push_back(std::move(one));
}

}  // namespace

IstioDocuments sorted(const std::vector<Value>& documents, Ledger& ledger) {
  IstioDocuments result;
  for (const Value& document : documents) sort_in(document, result, ledger);
  return result;
}

std::string full_host(std::string_view host, const IstioDocument& document) {
  std::string full(host);
  if (!document.name_space.empty() && full.find('.') == std::string::npos && full != "*")
    full.append(".").append(document.name_space).append(of_the_cluster);
  return full;
}

std::string short_host(std::string_view host) {
  if (host.ends_with(of_the_cluster)) host.remove_suffix(of_the_cluster.size());
  return std::string(host);
}

}  // namespace switchgear::interop
