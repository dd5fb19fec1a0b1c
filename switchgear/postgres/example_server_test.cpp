// The example, as a reader runs it.
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "switchgear/postgres/server_fixture.hpp"

namespace switchgear::postgres {
namespace {

TEST(PostgresExample, PrintsWhatItsPageSays) {
  shared_server().sql("CREATE DATABASE example");
  const std::string command =
      std::string(EXAMPLE) + " '" + shared_server().connection("dbname=example") + "' 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> program(popen(command.c_str(), "r"), pclose);
  ASSERT_TRUE(program);
  std::string printed;
  std::array<char, 256> part{};
  while (fgets(part.data(), static_cast<int>(part.size()), program.get()) != nullptr) printed += part.data();
  std::ifstream expected(EXPECTED);
  EXPECT_EQ(printed, std::string(std::istreambuf_iterator<char>(expected), {}));
}

}  // namespace
}  // namespace switchgear::postgres
