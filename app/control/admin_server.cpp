#include "app/control/admin_server.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "switchgear/http/client_options.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/tls/failure.hpp"

namespace switchgear::control {

http::TlsOptions AdminServer::tls() const {
  http::TlsOptions options;
  options.ca_file = ca;
  options.certificate_file = cert;
  options.key_file = key;
  return options;
}

void add_admin_options(CLI::App& command, AdminServer& server) {
  command.add_option("--admin", server.url, "Where the admin API is")->capture_default_str();
  command.add_option("--token", server.token, "The admin token")->envname("SWITCHGEAR_ADMIN_TOKEN");
  command
      .add_option("--ca", server.ca,
                  "With an https URL: a PEM file with the authorities to trust, instead of the system's")
      ->envname("SWITCHGEAR_ADMIN_CA")
      ->type_name("FILE");
  auto* const cert =
      command.add_option("--cert", server.cert, "With an https URL: a PEM file with the certificate to show")
          ->type_name("FILE");
  auto* const key = command.add_option("--key", server.key, "A PEM file with the key of that certificate")
                        ->type_name("FILE");
  cert->needs(key);
  key->needs(cert);
}

http::ClientOptions client_options(const AdminServer& server, const std::string& accept) {
  http::ClientOptions options;
  options.max_body = std::size_t{64} * 1024 * 1024;
  options.headers.add("Accept", accept);
  if (!server.token.empty()) options.headers.add("Authorization", "Bearer " + server.token);
  options.tls = server.tls();
  return options;
}

std::string token_problem(const AdminServer& server, Access access) {
  const std::string which = access == Access::read ? "the read token or the admin token" : "the admin token";
  if (server.token.empty()) return "requires --token or SWITCHGEAR_ADMIN_TOKEN: " + which;
  return "refuses the token of --token or SWITCHGEAR_ADMIN_TOKEN: it requires " + which;
}

std::string told(const http::Error& error) {
  if (error.code() != http::Errc::tls) return error.code().message();
  constexpr std::string_view mark = "TLS: ";
  const std::string_view all = error.what();
  const auto begin = all.find(mark);
  std::string text{all.substr(begin == std::string_view::npos ? 0 : begin)};
  using tls::Failure;
  if (text.ends_with(tls::of_server(Failure::certificate_untrusted)))
    text += "; --ca FILE names its authority";
  if (text.ends_with(tls::of_server(Failure::plain_text))) text += "; use http://";
  if (text.ends_with(tls::of_server(Failure::alert))) text += "; --cert FILE and --key FILE show one";
  return text;
}

std::string told(const std::invalid_argument& error) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> options{
      {{"tls.ca_file", "--ca"}, {"tls.certificate_file", "--cert"}, {"tls.key_file", "--key"}}};
  const std::string_view text = error.what();
  for (const auto& [member, option] : options) {
    if (text.starts_with(member)) return std::string{option}.append(text.substr(member.size()));
  }
  return std::string{"--token: "}.append(text);
}

}  // namespace switchgear::control
