#include "app/serve/serve_flags.hpp"

#include <gtest/gtest.h>

namespace switchgear::serve {
namespace {

TEST(ServeFlags, TakeThePlaceOfTheFilesAddresses) {
  config::Config config;
  const config::Endpoint admin = config.gateway.admin;
  EXPECT_EQ(put_flags_before(config, {"gateway.yaml", "127.0.0.1:0", {}}), std::nullopt);
  EXPECT_EQ(config.gateway.listen, (std::vector{config::Listener{{"127.0.0.1", 0}}}));
  EXPECT_EQ(config.gateway.admin, admin) << "a flag that was not given changes nothing";
}

TEST(ServeFlags, NameTheFlagThatCannotBeRead) {
  config::Config config;
  const auto wrong = put_flags_before(config, {"gateway.yaml", {}, "localhost"});
  ASSERT_TRUE(wrong);
  EXPECT_EQ(wrong->find("--admin: "), 0U) << *wrong;
}

TEST(ServeFlags, RefuseAVariableThatIsNotSet) {
  config::Config config;
  EXPECT_EQ(put_flags_before(config, {"gateway.yaml", "", {}}),
            "--listen: is empty; expected HOST:PORT, as in \"127.0.0.1:8080\"");
}

TEST(ServeFlags, AProcessThatTakesOverGetsTheSame) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(successor_command("/usr/bin/switchgear", {"gateway.yaml", {}, {}}),
            (Words{"/usr/bin/switchgear", "serve", "--takeover", "--config", "gateway.yaml"}));
  ServeFlags all{"gateway.yaml", "127.0.0.1:0", "localhost:0"};
  all.watch = false;
  EXPECT_EQ(successor_command("/opt/new", all),
            (Words{"/opt/new", "serve", "--takeover", "--config", "gateway.yaml", "--listen", "127.0.0.1:0",
                   "--admin", "localhost:0", "--no-watch"}));
}

}  // namespace
}  // namespace switchgear::serve
