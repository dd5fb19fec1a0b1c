// Configuration of a mesh: whatever its bytes, errors that name a place, or services that a policy file can
// have.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "app/interop/envoy_export.hpp"
#include "app/interop/envoy_import.hpp"
#include "app/interop/istio_export.hpp"
#include "app/interop/istio_import.hpp"
#include "app/interop/yaml_text.hpp"
#include "switchgear/config/document.hpp"
#include "switchgear/config/source_file.hpp"

namespace {

using namespace switchgear;

void require(bool holds) {
  if (!holds) std::abort();
}

template <class Import>
void check(const std::vector<config::Node>& roots, Import import) {
  config::Report report{"fuzz.yaml"};
  std::vector<config::Value> documents;
  for (const config::Node& root : roots) documents.push_back({&root, root.at, "", &report});
  interop::Ledger ledger{"imported"};
  interop::Imported imported = import(documents, ledger);
  require(!ledger.to_text("fuzz.yaml").empty());
  if (report.errors() > 0 || imported.services.empty()) return;
  imported.listen_apart(ledger);
  const config::Loaded loaded = config::load_text(interop::to_yaml(interop::policy_file(imported)), "result");
  require(loaded.config.has_value());
  interop::Ledger back{"exported"};
  require(!interop::export_istio(*loaded.config, back).empty());
  require(!interop::export_envoy(*loaded.config, back).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (config::find_bad_text(text)) return 0;
  config::Report report{"fuzz.yaml"};
  const auto roots = config::parse_documents(text, {}, report);
  for (const config::Diagnostic& error : report.take_errors())
    require(error.line >= 1 && error.column >= 1 && !error.message.empty());
  check(roots, interop::import_istio);
  check(roots, interop::import_envoy);
  return 0;
}
