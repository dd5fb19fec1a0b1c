#include "app/serve/serve_flags.hpp"

#include <fmt/format.h>

#include <tuple>

#include "switchgear/config/address.hpp"

namespace switchgear::serve {

std::optional<std::string> put_flags_before(config::Config& config, const ServeFlags& flags) {
  for (const auto& [flag, text, place] : {std::tuple{"--listen", &flags.listen, &config.gateway.listen},
                                          std::tuple{"--admin", &flags.admin, &config.gateway.admin}}) {
    if (!*text) continue;
    if ((*text)->empty())
      return fmt::format("{}: is empty; expected HOST:PORT, as in \"127.0.0.1:8080\"", flag);
    const config::Parsed<config::Endpoint> endpoint = config::parse_listen(**text);
    if (!endpoint.value) return fmt::format("{}: {}", flag, endpoint.problem);
    *place = *endpoint.value;
  }
  return std::nullopt;
}

}  // namespace switchgear::serve
