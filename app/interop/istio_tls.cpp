#include <algorithm>
#include <boost/json/value.hpp>
#include <utility>

#include "app/interop/upstream_tls.hpp"
#include "app/interop/values.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

void take_file(Fields& fields, std::string_view name, std::string& into, const std::string& to) {
  const auto value = fields.find(name);
  auto path = value ? read_text(*value) : std::nullopt;
  if (!path) return;
  if (path->empty()) return fields.ledger().carried(*value, to);
  into = path->insert(0, "file:");
  fields.ledger().carried(*value, to, is_read_by_check);
}

}  // namespace

bool refuses_tls(const Value& value, const ImportedService& service, Ledger& ledger) {
  if (!service.has_socket()) return false;
  ledger.none(value, "a service with a Unix socket is called in plain text");
  return true;
}

void import_istio_tls(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields fields(value, ledger);
  const auto mode = fields.find("mode");
  const std::string word = mode ? mode->node->text : "DISABLE";
  if (word == "DISABLE") {
    mode ? ledger.carried(*mode, service.at("url")) : fields.absent("mode", service.at("url"), "DISABLE");
    return fields.finish();
  }
  if (word != "SIMPLE" && word != "MUTUAL") {
    ledger.none(value, word == "ISTIO_MUTUAL"
                           ? "the certificates of the mesh are not there outside of it; the service "
                             "is called in plain text"
                           : "not a mode; the service is called in plain text");
    return;
  }
  if (refuses_tls(value, service, ledger)) return;
  ImportedTls& tls = service.tls.emplace();
  const auto to = [&](std::string_view key) { return service.at("tls." + std::string(key)); };
  ledger.carried(*mode, service.at("url"), "https");
  take_file(fields, "caCertificates", tls.ca, to("ca"));
  fields.take("sni", read_text, tls.server_name, to("server_name"));
  if (word == "MUTUAL") {
    take_file(fields, "clientCertificate", tls.certificate, to("certificate"));
    take_file(fields, "privateKey", tls.key, to("key"));
    if (tls.certificate.empty() || tls.key.empty()) tls.certificate = tls.key = "";
  }
  bool anyone = false;
  fields.take("insecureSkipVerify", read_truth, anyone, to("verify"));
  tls.verified = !anyone;
  fields.none("credentialName", "a secret of Kubernetes; name the files under tls");
  fields.none("subjectAltNames", "the certificate must be for server_name, or for the host of the url");
  fields.none("caCrl", "lists of revoked certificates are not read");
  fields.finish();
}

std::string told_name(const ExportedService& exported, std::string_view to, Ledger& ledger) {
  const auto& upstreams = exported.service.upstreams;
  const std::string& name = upstreams.front().tls->name;
  const bool one =
      std::ranges::all_of(upstreams, [&](const config::Upstream& each) { return each.tls->name == name; });
  const std::string from = exported.at("tls.server_name");
  one ? ledger.carried(from, to) : ledger.approximated(from, to, "all instances get the name of the first");
  return name;
}

json::object istio_tls(const ExportedService& exported, Ledger& ledger) {
  const tls::Peer& peer = *exported.service.upstreams.front().tls;
  const tls::ClientSettings& settings = peer.context.settings();
  json::object made{{"mode", "SIMPLE"}, {"sni", told_name(exported, "tls.sni", ledger)}};
  ledger.carried(exported.at("tls"), "tls.mode");
  constexpr std::string_view files = "a DestinationRule names files; write their paths into it";
  if (!settings.ca.empty()) ledger.none(exported.at("tls.ca"), files);
  if (settings.identity) ledger.none(exported.at("tls.certificate"), files);
  if (settings.verify == tls::Verify::nothing) {
    made["insecureSkipVerify"] = true;
    ledger.carried(exported.at("tls.verify"), "tls.insecureSkipVerify");
  }
  if (settings.minimum != tls::Version::tls1_2)
    ledger.none(exported.at("tls.minimum"), "it is the mesh's to say");
  return made;
}

}  // namespace switchgear::interop
