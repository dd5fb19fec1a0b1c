// The admin server that a command asks: where it is, and how it knows and trusts it.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace CLI {
class App;
}  // namespace CLI

namespace switchgear::http {
struct ClientOptions;
struct TlsOptions;
class Error;
}  // namespace switchgear::http

namespace switchgear::control {

struct AdminServer {
  std::string url = "http://127.0.0.1:9090";
  std::string token;
  std::string
      ca;  ///< a PEM file with the authorities to trust, if it is called by https; empty: the system's
  std::string cert;  ///< PEM files, for a server that asks for a client's certificate; both or none
  std::string key;

  [[nodiscard]] http::TlsOptions tls() const;
};

/// `--admin`, `--token`, `--ca`, `--cert` and `--key`. `server` outlives the command line.
void add_admin_options(CLI::App& command, AdminServer& server);

/// Of requests for `accept`.
[[nodiscard]] http::ClientOptions client_options(const AdminServer& server, const std::string& accept);

/// What a request to the server is for; each has tokens of its own.
enum class Access : std::uint8_t { read, change };

/// Why the server has answered 401, to stand behind its name, with the token that helps and how to give it.
/// What matters most comes first: `top` has one line for it.
[[nodiscard]] std::string token_problem(const AdminServer& server, Access access);

/// Why no good answer came, as a clause for an operator, with what helps.
[[nodiscard]] std::string told(const http::Error& error);
/// What is wrong with an option, beginning with its name.
[[nodiscard]] std::string told(const std::invalid_argument& error);

}  // namespace switchgear::control
