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

}  // namespace
}  // namespace switchgear::serve
