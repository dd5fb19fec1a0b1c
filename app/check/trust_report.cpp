#include "app/check/trust_report.hpp"

#include <boost/json/array.hpp>

namespace switchgear::check {

namespace {

constexpr std::size_t most_named = 8;

[[nodiscard]] std::string names_of(const config::TrustOptions& trust) {
  const config::Networks& networks = *trust.proxies;
  std::string names = trust.unix_peers ? "clients of Unix sockets" : "";
  for (std::size_t i = 0; i < networks.all().size(); ++i) {
    if (i == most_named) return names + " and " + std::to_string(networks.all().size() - i) + " more";
    names.append(names.empty() ? "" : ", ").append(networks.all()[i].text());
  }
  return names;
}

[[nodiscard]] std::string deadlines_of(const config::TrustOptions& trust) {
  const bool receives = trust.receive_deadlines && !trust.trusts_none();
  if (receives && trust.send_deadlines)
    return "x-request-deadline-ms limits their calls; services are told theirs";
  if (receives) return "x-request-deadline-ms limits their calls; services are not told";
  return trust.send_deadlines ? "services are told by x-request-deadline-ms; none is believed"
                              : "x-request-deadline-ms is not believed";
}

}  // namespace

std::string to_text(const config::TrustOptions& trust) {
  if (!trust.proxies) return {};
  std::string text = "\nclients\n";
  text += trust.trusts_none() ? "  trusted     no proxy: X-Forwarded-* and Forwarded are replaced\n"
                              : "  trusted     " + names_of(trust) +
                                    ": their X-Forwarded-* and Forwarded are believed, others' replaced\n";
  if (trust.proxy_protocol) text += "  connection  theirs begins with a PROXY header, others' must not\n";
  return text + "  deadlines   " + deadlines_of(trust) + "\n";
}

boost::json::object to_json(const config::TrustOptions& trust) {
  boost::json::object all{
      {"trusted_proxies", nullptr},
      {"proxy_protocol", trust.proxy_protocol},
      {"deadlines", {{"receive", trust.receive_deadlines}, {"send", trust.send_deadlines}}}};
  if (!trust.proxies) return all;
  boost::json::array networks;
  for (const config::Network& network : trust.proxies->all()) networks.emplace_back(network.text());
  if (trust.unix_peers) networks.emplace_back("unix");
  all["trusted_proxies"] = std::move(networks);
  return all;
}

}  // namespace switchgear::check
