#include "app/serve/served_config.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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

/// A gateway with one thread, and the file that it serves.
class ServedConfigTest : public testing::Test {
 protected:
  ServedConfigTest() {
    write(1);
    flags_.config = (std::filesystem::path{directory_.path()} / "switchgear.yaml").string();
    flags_.listen = "127.0.0.1:0";
    started_with_ =
        config::load_file(flags_.config, config::FileKind::regular, own_sections()).config.value();
    EXPECT_FALSE(put_flags_before(started_with_, flags_));
    gateway_.emplace(started_with_, registry_, durations_, log_);
    gateway_->start();
    access_log_.emplace(*gateway_, log_);
  }
  ~ServedConfigTest() override { gateway_->drain(Duration::zero()); }

  void write(unsigned threads, const std::string& more = "") {
    directory_.write("switchgear.yaml", file_with(threads) + more);
  }
  [[nodiscard]] std::unique_ptr<ServedConfig> served(ServedConfig::Prepare prepare = {}) {
    return std::make_unique<ServedConfig>(flags_, own_sections(), started_with_, *gateway_, *access_log_,
                                          log_, nullptr, std::move(prepare));
  }

  config::TemporaryDirectory directory_;
  ServeFlags flags_;
  config::Config started_with_;
  spdlog::logger log_{"test", std::make_shared<spdlog::sinks::null_sink_mt>()};
  PolicyRegistry registry_{{std::chrono::steady_clock::now(), std::chrono::system_clock::now()}, 1};
  CallDurations durations_;
  std::optional<gateway::Gateway> gateway_;
  std::optional<ServedAccessLog> access_log_;
};

TEST_F(ServedConfigTest, AsksForARestartAsLongAsTheProcessDiffersFromTheFile) {
  const auto served = this->served();
  write(2);
  EXPECT_TRUE(asks_for_a_restart(served->reload()));
  EXPECT_TRUE(asks_for_a_restart(served->reload())) << "it still runs with one thread";
  write(1);
  EXPECT_FALSE(asks_for_a_restart(served->reload())) << "it runs as the file says again";
}

TEST_F(ServedConfigTest, ChangesNothingWhenSomethingBesideTheGatewayCannotFollow) {
  const auto served = this->served([](const config::Config&) -> std::function<void()> {
    throw std::runtime_error{"alerts.channels.hook: it cannot be made"};
  });
  write(1, "  more: {url: \"http://127.0.0.1:9\", policy: plain, routes: [{prefix: /more}]}\n");
  const admin::ReloadResult result = served->reload();
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.messages, std::vector<std::string>{"alerts.channels.hook: it cannot be made"});
  EXPECT_EQ(served->policies().size(), 1U) << "neither is the gateway changed";
  EXPECT_EQ(gateway_->status().size(), 1U);
}

TEST_F(ServedConfigTest, TellsOthersOfAConfigurationOnceTheGatewayHasIt) {
  std::size_t services = 0;
  const auto served = this->served([&](const config::Config&) -> std::function<void()> {
    return [&] { services = gateway_->status().size(); };
  });
  write(1, "  more: {url: \"http://127.0.0.1:9\", policy: plain, routes: [{prefix: /more}]}\n");
  EXPECT_TRUE(served->reload().ok);
  EXPECT_EQ(services, 2U);
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
