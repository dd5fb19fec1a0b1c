// However a run ends, or a server behind it: nothing is left behind, and the books are read as far as they
// can.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "app/stage/workplace.hpp"
#include "tests/house/program.hpp"

namespace switchgear::shop {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto open_to_servers = fs::perms::others_exec | fs::perms::others_read;

TEST(ShopEnds, WithItsReaderAndLeavesNothingBehind) {
  const stage::Workplace workplace{"shop-test"};
  house::Program shop{
      {"/usr/bin/env", "TMPDIR=" + workplace.directory().string(), SWITCHGEAR_BINARY, "shop", "--stand-ins"}};
  ASSERT_TRUE(shop.read_until("/api/orders", 60s)) << shop.output();
  EXPECT_FALSE(fs::is_empty(workplace.directory()));
  shop.stop_reading();
  EXPECT_EQ(shop.wait(30s), 128 + SIGPIPE);
  EXPECT_TRUE(fs::is_empty(workplace.directory()));
}

TEST(ShopEnds, NoOrderIsLostWhenTheServersBehindItAreKilled) {
  house::Program shop{{SWITCHGEAR_BINARY, "shop", "--for", "2s", "--rate", "40"}};
  ASSERT_TRUE(shop.read_until("/api/orders", 60s)) << shop.output();
  std::vector<std::string> killed;
  for (const auto& [line, program] :
       {std::pair{"postgresql  ", "bin/postgres"}, std::pair{"redis       ", "redis-server"},
        std::pair{"smtp        ", "aiosmtpd"}}) {
    const pid_t server = shop.child(program);
    ASSERT_NE(server, 0) << program << " is not installed, or has not been started";
    killed.push_back(std::string(line) + "was ended (signal 9), and is started again");
    ASSERT_EQ(::kill(server, SIGKILL), 0);
  }
  EXPECT_EQ(shop.wait(100s), 0) << shop.output();
  EXPECT_NE(shop.output().find("none lost, none doubled"), std::string::npos) << shop.output();
  for (const std::string& line : killed) {
    EXPECT_NE(shop.output().find(line), std::string::npos) << shop.output();
  }
}

TEST(ShopEnds, SaysWhichServerDoesNotStartAgainAndReadsItsBooksFirst) {
  const stage::Workplace workplace{"shop-test"};
  fs::permissions(workplace.directory(), open_to_servers | fs::perms::others_write, fs::perm_options::add);
  const std::string once = (workplace.directory() / "once").string();
  const std::string server =
      workplace.write("redis-server", "#!/bin/sh\n[ -e " + once +
                                          " ] && echo 'FATAL: no memory' && exit 1\n"
                                          ": > " +
                                          once + "\nexec /usr/bin/redis-server \"$@\"\n");
  fs::permissions(server, open_to_servers | fs::perms::owner_all);
  ASSERT_TRUE(fs::exists("/usr/bin/redis-server"));
  const std::string path = "PATH=" + workplace.directory().string() + ":" + std::getenv("PATH");
  house::Program shop{{"/usr/bin/env", path, "TMPDIR=" + workplace.directory().string(), SWITCHGEAR_BINARY,
                       "shop", "--for", "60s"}};
  ASSERT_TRUE(shop.read_until("/api/orders", 60s)) << shop.output();
  ASSERT_EQ(::kill(shop.child("redis-server"), SIGKILL), 0);
  EXPECT_EQ(shop.wait(60s), 3) << shop.output();
  for (const char* const text : {"stopping", "none lost, none doubled",
                                 "redis did not start again; it said: FATAL: no memory; logs are in "})
    EXPECT_NE(shop.output().find(text), std::string::npos) << text << " is missing in\n" << shop.output();
}

}  // namespace
}  // namespace switchgear::shop
