#include "switchgear/config/tls_section.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "switchgear/config/source_file.hpp"
#include "switchgear/tls/pem.hpp"

namespace switchgear::config {

namespace {

constexpr std::array<std::string_view, 2> version_words{"1.2", "1.3"};
constexpr std::array<std::string_view, 2> verify_words{"full", "none"};

/// A PEM text, as it stands or in a file.
struct Pem {
  const std::string& directory;
  std::optional<std::string> (*problem_of)(std::string_view pem);

  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    constexpr std::string_view prefix = "file:";
    constexpr std::size_t largest = std::size_t{1024} * 1024;
    const Node& node = *value.node;
    if (node.kind != Node::Kind::scalar || node.text.empty()) {
      value.wrong(found_unquoted(node) + " found; expected file:PATH");
      return std::nullopt;
    }
    std::string pem = node.text;
    std::string name = "the text";
    if (node.text.starts_with(prefix)) {
      const std::string path = (std::filesystem::path(directory) / node.text.substr(prefix.size())).string();
      name = "file " + config::quoted(path);
      ReadResult file = read_file(path, largest, FileKind::regular);
      if (!file.bytes) {
        value.wrong(name + " " + file.problem);
        return std::nullopt;
      }
      pem = std::move(*file.bytes);
    }
    if (const auto wrong = problem_of(pem)) {
      value.wrong(name + " " + *wrong + (name == "the text" ? "; expected file:PATH" : ""));
      return std::nullopt;
    }
    return pem;
  }
};

/// Both keys or neither. Empty if one of them is missing, or wrong.
[[nodiscard]] std::optional<tls::Identity> read_identity(Section& section, const std::string& directory) {
  const auto certificate = section.find("certificate");
  const auto key = section.find("key");
  if (!certificate || !key) {
    if (certificate) certificate->wrong("has no key beside it; add \"key: file:PATH\"");
    if (key) key->wrong("has no certificate beside it; add \"certificate: file:PATH\"");
    return std::nullopt;
  }
  auto chain = Pem{directory, &tls::problem_of_certificates}(*certificate);
  auto secret = Pem{directory, &tls::problem_of_key}(*key);
  if (!chain || !secret) return std::nullopt;
  if (const auto odd = tls::problem_of_dates(*chain))
    certificate->report->warning(certificate->node->at, certificate->path, *odd);
  tls::Identity identity{std::move(*chain), std::move(*secret)};
  if (const auto wrong = tls::problem_of_pair(identity)) {
    key->wrong(*wrong);
    return std::nullopt;
  }
  return identity;
}

void read_identities(Section& section, const std::string& directory, tls::ServerSettings& settings) {
  const auto add = [&](Section& from) {
    if (auto identity = read_identity(from, directory)) settings.identities.push_back(std::move(*identity));
  };
  const auto several = section.find("certificates");
  if (section.find("certificate") || section.find("key")) {
    if (several) several->wrong("stands beside \"certificate\"; expected one of the two");
    return add(section);
  }
  if (!several) return section.missing("certificate", "certificate: file:server.pem, key: file:server.key");
  const std::vector<Value> all = items(*several, "[{certificate: file:server.pem, key: file:server.key}]");
  for (const Value& one : all) {
    Section pair(one);
    if (!pair.find("certificate") && !pair.find("key") && pair.is_mapping()) {
      pair.missing("certificate", "certificate: file:server.pem, key: file:server.key");
    } else {
      add(pair);
    }
    pair.finish();
  }
  if (all.empty() && several->node->kind == Node::Kind::sequence)
    several->wrong("has no certificate; expected [{certificate: file:server.pem, key: file:server.key}]");
}

/// What OpenSSL does not accept, although each part can be read: a key that is too short, for example.
template <class Make>
[[nodiscard]] auto tried(const Section& section, Make make) -> std::optional<decltype(make())> {
  try {
    return make();
  } catch (const std::invalid_argument& error) {
    section.wrong(error.what());
    return std::nullopt;
  }
}

}  // namespace

std::optional<tls::ServerContext> read_server_tls(const Value& value, const std::string& directory) {
  const std::size_t errors = value.report->errors();
  tls::ServerSettings settings;
  Section section(value);
  read_identities(section, directory, settings);
  section.read("client_ca", settings.client_ca, Pem{directory, &tls::problem_of_certificates});
  section.read("minimum", settings.minimum, Named<tls::Version>{version_words});
  section.finish();
  if (value.report->errors() != errors) return std::nullopt;
  return tried(section, [&] { return tls::ServerContext{settings}; });
}

std::optional<tls::Peer> PeerReader::read(Section& service) {
  const auto tls = service.find("tls");
  if (!tls) return tried(service, [&] { return tls::Peer{context_of({}), {}}; });
  const std::size_t errors = tls->report->errors();
  tls::ClientSettings settings;
  std::string name;
  Section section(*tls);
  section.read("ca", settings.ca, Pem{directory_, &tls::problem_of_certificates});
  if (section.find("certificate") || section.find("key"))
    settings.identity = read_identity(section, directory_);
  section.read("server_name", name, Text{});
  section.read("verify", settings.verify, Named<tls::Verify>{verify_words});
  section.read("minimum", settings.minimum, Named<tls::Version>{version_words});
  section.finish();
  if (const auto verify = section.find("verify"); verify && settings.verify == tls::Verify::nothing)
    verify->report->warning(verify->node->at, verify->path,
                            "lets anyone answer in the service's place; for tests only");
  if (tls->report->errors() != errors) return std::nullopt;
  return tried(section, [&] { return tls::Peer{context_of(settings), name}; });
}

tls::ClientContext PeerReader::context_of(const tls::ClientSettings& settings) {
  const auto known =
      std::ranges::find_if(made_, [&](const auto& made) { return made.settings() == settings; });
  return known != made_.end() ? *known : made_.emplace_back(settings);
}

}  // namespace switchgear::config
