#include "app/interop/imported.hpp"

#include <algorithm>

#include "switchgear/config/address.hpp"

namespace switchgear::interop {

namespace {

/// Names of hosts and clusters may hold anything; names of services may not.
std::string usable_name(std::string_view wanted) {
  constexpr std::size_t longest = 100;  // 128, and a number behind it
  std::string name(wanted.substr(0, longest));
  const auto harmless = [](char each) { return each > ' ' && each < 0x7F && each != '{' && each != '}'; };
  std::ranges::replace_if(
      name, [&](char each) { return !harmless(each); }, '-');
  return name.empty() ? "service" : name;
}

}  // namespace

ImportedService& Imported::add(std::string_view wanted) {
  const std::string base = usable_name(wanted);
  std::string name = base;
  for (int number = 2; !names_.insert(name).second; ++number) name = base + "-" + std::to_string(number);
  ImportedService& added = services.emplace_back();
  added.service.name = added.service.policy = added.policy.name = name;
  return added;
}

void Imported::listen_apart(Ledger& ledger) {
  const auto is_called = [this](std::uint16_t port) {
    return std::ranges::any_of(services, [&](const ImportedService& each) {
      return std::ranges::any_of(each.service.upstreams, [&](const config::Upstream& upstream) {
        return upstream.at.port == port &&
               (upstream.at.host == listen.host || config::is_loopback(upstream.at));
      });
    });
  };
  if (config::is_unix(listen)) return;
  std::uint16_t port = listen.port;
  while (is_called(port)) port = static_cast<std::uint16_t>(port < 10'000 ? 10'000 : port + 1);
  if (port == listen.port) return;
  listen.port = port;
  ledger.begin({});
  ledger.approximated("listener", "gateway.listen", "another port, because a service has that one");
}

}  // namespace switchgear::interop
