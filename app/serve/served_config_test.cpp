#include "app/serve/served_config.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include "app/serve/own_sections.hpp"
#include "switchgear/config/loading_fixture.hpp"
#include "switchgear/observe/call_durations.hpp"
#include "switchgear/registry/policy_registry.hpp"

namespace switchgear::serve {
namespace {

std::string file_with(unsigned threads) {
  return "version: 1\ngateway: {threads: " + std::to_string(threads) +
         "}\npolicies:\n  plain: {timeout: 60s}\nservices:\n"
         "  shop: {url: \"http://127.0.0.1:9\", policy: plain, routes: [{prefix: /}]}\n";
}

bool asks_for_a_restart(const admin::ReloadResult& reloaded) {
  EXPECT_TRUE(reloaded.ok);
  return std::ranges::any_of(reloaded.messages, [](const std::string& message) {
    return message.find("after a restart") != std::string::npos;
  });
}

TEST(ServedConfig, AsksForARestartAsLongAsTheProcessDiffersFromTheFile) {
  config::TemporaryDirectory directory;
  ServeFlags flags;
  flags.config = directory.write("switchgear.yaml", file_with(1));
  flags.listen = "127.0.0.1:0";
  config::Config started_with =
      config::load_file(flags.config, config::FileKind::regular, own_sections()).config.value();
  ASSERT_FALSE(put_flags_before(started_with, flags));
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  PolicyRegistry registry{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 1};
  CallDurations durations;
  gateway::Gateway gateway{started_with, registry, durations, log};
  gateway.start();
  ServedAccessLog access_log{gateway, log};
  ServedConfig served{flags, own_sections(), started_with, gateway, access_log, log};

  directory.write("switchgear.yaml", file_with(2));
  EXPECT_TRUE(asks_for_a_restart(served.reload()));
  EXPECT_TRUE(asks_for_a_restart(served.reload())) << "it still runs with one thread";
  directory.write("switchgear.yaml", file_with(1));
  EXPECT_FALSE(asks_for_a_restart(served.reload())) << "it runs as the file says again";
  gateway.drain(Duration::zero());
}

TEST(ServedConfig, LogsTheFirstErrorsOfAFileAndHowManyMoreThereAre) {
  config::TemporaryDirectory directory;
  ServeFlags flags;
  flags.config = directory.write("switchgear.yaml", file_with(1));
  flags.listen = "127.0.0.1:0";
  config::Config started_with =
      config::load_file(flags.config, config::FileKind::regular, own_sections()).config.value();
  ASSERT_FALSE(put_flags_before(started_with, flags));
  std::ostringstream lines;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)};
  PolicyRegistry registry{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 1};
  CallDurations durations;
  gateway::Gateway gateway{started_with, registry, durations, log};
  gateway.start();
  ServedAccessLog access_log{gateway, log};
  ServedConfig served{flags, own_sections(), started_with, gateway, access_log, log};
  std::string wrong = file_with(1);
  for (int i = 0; i < 500; ++i) wrong += "key" + std::to_string(i) + ": 1\n";
  directory.write("switchgear.yaml", wrong);
  EXPECT_EQ(served.reload().messages.size(), 500U);
  const std::string logged = lines.str();
  std::size_t refused = 0;
  for (std::size_t at = 0; (at = logged.find("reload refused", at)) != std::string::npos; ++at) ++refused;
  EXPECT_EQ(refused, 21U);
  EXPECT_NE(logged.find(": 480 more lines are shown by switchgear check " + flags.config), std::string::npos);
  gateway.drain(Duration::zero());
}

}  // namespace
}  // namespace switchgear::serve
