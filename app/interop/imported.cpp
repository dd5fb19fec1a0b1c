#include "app/interop/imported.hpp"

#include <algorithm>

#include "switchgear/config/report.hpp"

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
  const auto taken = [this](const std::string& name) {
    return std::ranges::any_of(services,
                               [&](const ImportedService& each) { return each.service.name == name; });
  };
  std::string name = base;
  for (int number = 2; taken(name); ++number) name = base + "-" + std::to_string(number);
  ImportedService& added = services.emplace_back();
  added.service.name = added.service.policy = added.policy.name = name;
  return added;
}

}  // namespace switchgear::interop
