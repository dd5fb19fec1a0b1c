#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "app/interop/upstream_tls.hpp"
#include "app/interop/values.hpp"
#include "switchgear/config/address.hpp"
#include "switchgear/tls/pem.hpp"

namespace switchgear::interop {

namespace json = boost::json;

namespace {

constexpr std::string_view type_of_tls =
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";
/// Envoy trusts no authorities of the system by itself.
constexpr std::string_view authorities_of_the_system = "/etc/ssl/certs/ca-certificates.crt";

/// `{filename: PATH}` or `{inline_string: PEM}`; empty: neither.
std::string read_source(const Value& value, Ledger& ledger) {
  Fields fields(value, ledger);
  std::string source;
  if (const auto path = fields.find("filename")) {
    source = read_text(*path).value_or("");
    if (!source.empty()) source.insert(0, "file:");
  } else if (const auto text = fields.find("inline_string")) {
    source = read_text(*text).value_or("");
  }
  fields.none({"inline_bytes", "environment_variable", "watched_directory"},
              "name a file, or write the PEM text");
  fields.finish();
  return source;
}

/// `problem_of`: what is wrong with a PEM text.
void import_source(Fields& fields, std::string_view name,
                   std::optional<std::string> (*problem_of)(std::string_view), std::string& into,
                   const std::string& to) {
  const auto value = fields.find(name);
  if (!value) return;
  into = read_source(*value, fields.ledger());
  if (!into.empty() && !names_file(into)) {
    if (const auto wrong = problem_of(into)) {
      into.clear();
      return fields.ledger().none(*value, *wrong);
    }
  }
  if (into.empty()) return;
  const bool opened = names_file(into) && into != "file:" + std::string(authorities_of_the_system);
  fields.ledger().carried(*value, to, opened ? is_read_by_check : "");
}

/// Without it Envoy lets anyone answer.
void import_validation(const Value& value, ImportedTls& tls, const ImportedService& service, Ledger& ledger) {
  Fields fields(value, ledger);
  import_source(fields, "trusted_ca", &tls::problem_of_certificates, tls.ca, service.at("tls.ca"));
  tls.verified = fields.find("trusted_ca").has_value();
  if (tls.ca == "file:" + std::string(authorities_of_the_system)) tls.ca.clear();
  if (const auto trust = fields.find("trust_chain_verification")) {
    if (trust->node->text == "ACCEPT_UNTRUSTED") tls.verified = false;
    ledger.carried(*trust, service.at("tls.verify"));
  }
  constexpr std::string_view name = "the certificate must be for server_name, or for the host of the url";
  for (const std::string_view names : {"match_typed_subject_alt_names", "match_subject_alt_names"}) {
    if (const auto matchers = fields.find(names))
      ledger.approximated(*matchers, service.at("tls.server_name"), name);
  }
  fields.none({"verify_certificate_spki", "verify_certificate_hash", "crl", "custom_validator_config",
               "allow_expired_certificate", "require_signed_certificate_timestamp", "max_verify_depth",
               "only_verify_leaf_cert_crl", "ca_certificate_provider_instance", "system_root_certs"},
              "certificates are checked for their name, dates and authority");
  fields.finish();
}

void import_identity(const Value& list, ImportedTls& tls, const ImportedService& service, Ledger& ledger) {
  bool first = true;
  for (const Value& item : config::items(list, "[{certificate_chain: {filename: a.pem}}]")) {
    if (!std::exchange(first, false)) {
      ledger.none(item, "a service is shown one certificate");
      continue;
    }
    Fields fields(item, ledger);
    import_source(fields, "certificate_chain", &tls::problem_of_certificates, tls.certificate,
                  service.at("tls.certificate"));
    import_source(fields, "private_key", &tls::problem_of_key, tls.key, service.at("tls.key"));
    const bool whole = !tls.certificate.empty() && !tls.key.empty();
    const bool texts = whole && !names_file(tls.certificate) && !names_file(tls.key);
    const auto wrong = texts ? tls::problem_of_pair({tls.certificate, tls.key}) : std::nullopt;
    if (wrong) ledger.none(item, *wrong);
    if (!whole || wrong) tls.certificate = tls.key = "";
    fields.none({"pkcs12", "private_key_provider", "password", "ocsp_staple", "watched_directory",
                 "signed_certificate_timestamp"},
                "a certificate and its key are PEM, without a passphrase");
    fields.finish();
  }
}

void import_common(const Value& value, ImportedTls& tls, const ImportedService& service, Ledger& ledger) {
  Fields fields(value, ledger);
  if (const auto identity = fields.find("tls_certificates")) import_identity(*identity, tls, service, ledger);
  if (const auto validation = fields.find("validation_context")) {
    import_validation(*validation, tls, service, ledger);
  } else {
    tls.verified = false;
    fields.absent("validation_context", service.at("tls.verify"), "none: anyone may answer");
  }
  fields.ignore({"alpn_protocols"});
  fields.none("tls_params", "versions and ciphers are those of OpenSSL, TLS 1.2 and later");
  fields.none({"validation_context_sds_secret_config", "combined_validation_context",
               "tls_certificate_sds_secret_configs", "tls_certificate_provider_instance", "custom_handshaker",
               "key_log"},
              "certificates come from files");
  fields.finish();
}

json::object text_source(const std::string& pem) { return {{"inline_string", pem}}; }

}  // namespace

void import_envoy_tls(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields socket(value, ledger);
  socket.ignore({"name"});
  const auto typed = socket.find("typed_config");
  socket.finish();
  if (!typed) return ledger.none(value, "not a socket of TLS");
  Fields fields(*typed, ledger);
  const auto type = fields.find("@type");
  if (!type || type->node->text != type_of_tls)
    return ledger.none(value, "not a socket of TLS; the service is called in plain text");
  if (refuses_tls(value, service, ledger)) return;
  ImportedTls& tls = service.tls.emplace();
  ledger.carried(*type, service.at("url"), "https");
  fields.take("sni", read_text, tls.server_name, service.at("tls.server_name"));
  import_common(fields.section("common_tls_context"), tls, service, ledger);
  fields.none({"auto_host_sni", "auto_sni_san_validation"},
              "the name is server_name, or the host of the url");
  fields.none({"allow_renegotiation", "max_session_keys", "enforce_rsa_key_usage"},
              "as OpenSSL has it, without renegotiation");
  fields.finish();
}

json::object envoy_tls(const ExportedService& exported, Ledger& ledger) {
  const tls::Peer& peer = *exported.service.upstreams.front().tls;
  const tls::ClientSettings& settings = peer.context.settings();
  json::object common{{"alpn_protocols", {"http/1.1"}}};
  if (settings.verify == tls::Verify::peer) {
    json::object validation;
    if (settings.ca.empty()) {
      validation["trusted_ca"] = json::object{{"filename", authorities_of_the_system}};
      ledger.approximated(exported.at("tls"), "trusted_ca",
                          "Envoy needs the file of the system's authorities");
    } else {
      validation["trusted_ca"] = text_source(settings.ca);
      ledger.carried(exported.at("tls.ca"), "trusted_ca");
    }
    validation["match_typed_subject_alt_names"] = json::array{
        json::value(json::object{{"san_type", config::is_address(peer.name) ? "IP_ADDRESS" : "DNS"},
                                 {"matcher", json::object{{"exact", peer.name}}}})};
    common["validation_context"] = std::move(validation);
  } else {
    ledger.carried(exported.at("tls.verify"), "validation_context", "without it anyone may answer");
  }
  if (settings.identity) {
    common["tls_certificates"] = json::array{
        json::value(json::object{{"certificate_chain", text_source(settings.identity->certificate)},
                                 {"private_key", text_source(settings.identity->key)}})};
    ledger.carried(exported.at("tls.certificate"), "tls_certificates");
  }
  if (settings.minimum == tls::Version::tls1_3) {
    common["tls_params"] = json::object{{"tls_minimum_protocol_version", "TLSv1_3"}};
    ledger.carried(exported.at("tls.minimum"), "tls_params.tls_minimum_protocol_version");
  }
  json::object context{{"@type", type_of_tls},
                       {"sni", told_name(exported, "sni", ledger)},
                       {"common_tls_context", std::move(common)}};
  return {{"name", "envoy.transport_sockets.tls"}, {"typed_config", std::move(context)}};
}

}  // namespace switchgear::interop
