#include "switchgear/config/header_name.hpp"

#include <algorithm>
#include <array>

#include "switchgear/config/letters.hpp"
#include "switchgear/config/report.hpp"

namespace switchgear::config {

namespace {

constexpr std::size_t longest_header_name = 128;

/// What is wrong with a name of a field, after what was found; empty: nothing.
std::string problem_of_name(const std::string& name, HeaderUse use) {
  constexpr std::array<std::string_view, 9> of_this_hop{
      "connection", "keep-alive",       "te",     "trailer",       "transfer-encoding",
      "upgrade",    "proxy-connection", "expect", "content-length"};
  if (name == "host" && use == HeaderUse::condition)
    return " is a key of the route; write \"host: shop.example.com\" beside headers";
  if (name == "host")
    return " says what was called, and not who calls; expected another field, such as \"x-tenant\"";
  if (std::ranges::find(of_this_hop, name) != of_this_hop.end())
    return " is between client and gateway; expected a field that the service gets";
  if (name.size() > longest_header_name) return " is longer than 128 bytes";
  if (!name.empty() && consists_of(name, {smalls, digits, "!#$%&'*+-.^_`|~"})) return {};
  return " is not the name of a header field; expected one such as \"x-beta\"";
}

}  // namespace

Parsed<std::string> parse_header_name(std::string_view written, HeaderUse use) {
  std::string name = mapped(written, capitals, smalls);
  if (const std::string problem = problem_of_name(name, use); !problem.empty())
    return {std::nullopt, quoted(written) + problem};
  return {std::move(name), {}};
}

}  // namespace switchgear::config
