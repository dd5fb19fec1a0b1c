#include "app/serve/serve_flags.hpp"

#include <fmt/format.h>

#include <tuple>

#include "switchgear/config/address.hpp"

namespace switchgear::serve {

std::vector<std::string> successor_command(const std::string& program, const ServeFlags& flags) {
  std::vector<std::string> words{program, "serve", "--takeover", "--config", flags.config};
  if (flags.listen) words.insert(words.end(), {"--listen", *flags.listen});
  if (flags.admin) words.insert(words.end(), {"--admin", *flags.admin});
  if (!flags.watch) words.emplace_back("--no-watch");
  return words;
}

std::optional<std::string> put_flags_before(config::Config& config, const ServeFlags& flags) {
  using Address = config::Parsed<config::Endpoint>;
  config::Endpoint listen;
  for (const auto& [flag, text, place] : {std::tuple{"--listen", &flags.listen, &listen},
                                          std::tuple{"--admin", &flags.admin, &config.gateway.admin}}) {
    if (!*text) continue;
    if ((*text)->empty())
      return fmt::format("{}: is empty; expected HOST:PORT, as in \"127.0.0.1:8080\"", flag);
    const bool by_path = place == &listen && (*text)->starts_with(config::unix_scheme);
    const Address endpoint = by_path ? config::parse_unix_socket(**text) : config::parse_listen(**text);
    if (!endpoint.value) return fmt::format("{}: {}", flag, endpoint.problem);
    *place = *endpoint.value;
  }
  if (flags.admin) config.gateway.has_admin = true;
  if (flags.listen) {
    using config::Encryption;
    const bool plain = config::is_unix(listen) || !config.gateway.tls;
    config.gateway.listen = {{listen, plain ? Encryption::none : Encryption::tls}};
  }
  return std::nullopt;
}

}  // namespace switchgear::serve
