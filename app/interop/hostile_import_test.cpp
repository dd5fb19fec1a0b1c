// Files with any value in any place: an import reports, refuses, or writes a policy file that is valid.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "app/interop/interop_fixture.hpp"

namespace switchgear::interop {
namespace {

std::string golden(const std::string& name) {
  std::ostringstream text;
  text << std::ifstream(std::filesystem::path(SWITCHGEAR_GOLDEN) / name).rdbuf();
  return text.str();
}

const std::vector<std::string>& odd_values() {
  static const std::vector<std::string> values{
      "0",         "-1",        "1",        "4294967295", "4294967296", "1e9",      "1e400",      "0.5",
      "100",       "101",       "0s",       "1ns",        "99999h",     "1h1m",     "5",          "\"\"",
      "~",         "[]",        "{}",       "[[1]]",      "{a: b}",     "\"*\"",    "\"*.\"",     "\"/\"",
      "\"/..\"",   "\"//a//\"", "\"/a b\"", "\"/%zz\"",   "\"a..b\"",   "\"${X}\"", "\"[::1]\"",  "\"é\"",
      "true",      "false",     "GET",      "get",        "\"GET|\"",   "host",     "Connection", "\"a|b\"",
      "127.0.0.1", "65536",     "8080",     "{value: 1}"};
  return values;
}

/// Where a value begins and ends that is on one line.
std::vector<std::pair<std::size_t, std::size_t>> values_of(const std::string& text) {
  std::vector<std::pair<std::size_t, std::size_t>> values;
  for (std::size_t at = text.find(": "); at != std::string::npos; at = text.find(": ", at + 1)) {
    const std::size_t begin = at + 2;
    if (text[begin] == '{' || text[begin] == '[' || text[begin] == ' ') continue;
    values.emplace_back(begin, std::min(text.find_first_of(",}]\n", begin), text.size()));
  }
  return values;
}

void expect_answer(Mesh mesh, const std::string& text) {
  const Ran ran = run_import_of(mesh, text);
  EXPECT_EQ(ran.err.find("the result"), std::string::npos) << text << ran.out << ran.err;
  EXPECT_EQ(ran.code == 0, !ran.out.empty());
  auto errors = ran.code == 0 ? config::errors_of(ran.out) : std::vector<std::string>{};
  // Certificates are in files of the mesh, which are not here.
  std::erase_if(errors, [](const std::string& each) { return each.find(".tls.") != std::string::npos; });
  EXPECT_EQ(errors, std::vector<std::string>{}) << text << ran.out;
  RC_ASSERT(!testing::Test::HasFailure());
}

void check_with_odd_values(Mesh mesh, const std::string& name) {
  const std::string text = golden(name);
  EXPECT_TRUE(rc::check(name, [&] {
    std::string changed = text;
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      const auto [begin, end] = *rc::gen::elementOf(values_of(changed));
      changed.replace(begin, end - begin, *rc::gen::elementOf(odd_values()));
    }
    expect_answer(mesh, changed);
  }));
}

TEST(HostileImport, AnyValueInARuleOfIstioIsReadOrRefused) {
  check_with_odd_values(Mesh::istio, "istio_rule.yaml");
}

TEST(HostileImport, AnyValueInRoutesOfIstioIsReadOrRefused) {
  check_with_odd_values(Mesh::istio, "istio_routes.yaml");
}

TEST(HostileImport, AnyValueInABootstrapOfEnvoyIsReadOrRefused) {
  check_with_odd_values(Mesh::envoy, "envoy_bootstrap.yaml");
}

TEST(HostileImport, AFileThatIsCutOffAnywhereIsReadOrRefused) {
  for (const auto& [mesh, name] :
       {std::pair{Mesh::istio, "istio_routes.yaml"}, {Mesh::envoy, "envoy_clusters.json"}}) {
    const std::string text = golden(name);
    EXPECT_TRUE(rc::check(
        name, [&] { expect_answer(mesh, text.substr(0, *rc::gen::inRange<std::size_t>(0, text.size()))); }));
  }
}

}  // namespace
}  // namespace switchgear::interop
