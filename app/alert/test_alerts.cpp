#include "app/alert/test_alerts.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/alert/channel/channel.hpp"
#include "app/alert/incident/digest.hpp"

namespace switchgear::alert {

namespace {

[[nodiscard]] Message test_message(const AlertPlan& plan, const std::string& channel, Telling telling) {
  const Moment now{std::chrono::system_clock::now()};
  Alert alert;
  alert.rule = "test";
  alert.circuit = "test";
  alert.severity = Severity::info;
  alert.labels = {{"rule", "test"}, {"circuit", "test"}, {"severity", "info"}, {"instance", plan.instance}};
  alert.text = "This is a test of Switchgear's alerts: nothing is wrong";
  alert.evidence = "switchgear check --test-alerts";
  alert.starts = now;
  if (telling == Telling::resolved) alert.ends = now;
  alert.incident = digest({plan.instance, "test", std::to_string(now.time_since_epoch().count())});
  Message message;
  message.id = digest({channel, to_string(telling), alert.incident});
  message.channel = channel;
  message.telling = telling;
  message.made = now;
  message.instance = plan.instance;
  message.group = {{"rule", "test"}};
  message.alerts = {std::move(alert)};
  return message;
}

/// One try.
[[nodiscard]] Delivery deliver(const ChannelOptions& options, const Message& message, spdlog::logger& log) {
  try {
    boost::asio::io_context loop;
    const auto work = boost::asio::make_work_guard(loop);
    const std::unique_ptr<Channel> channel = make_channel(loop, options, log);
    std::optional<Delivery> ended;
    channel->deliver(message, [&](const Delivery& delivery) {
      ended = delivery;
      loop.stop();
    });
    loop.run();
    return ended.value_or(Delivery{Delivery::End::failed, std::nullopt, "no answer"});
  } catch (const std::exception& error) {
    return {Delivery::End::failed, std::nullopt, error.what()};
  }
}

[[nodiscard]] bool says_yes(std::FILE* in) {
  std::array<char, 16> line{};
  if (std::fgets(line.data(), line.size(), in) == nullptr) return false;
  const std::string_view answer{line.data()};
  return answer == "y\n" || answer == "Y\n" || answer == "yes\n";
}

}  // namespace

int test_alerts(const AlertOptions& options, Consent consent, std::FILE* in, std::FILE* out) {
  const auto print = [out](const std::string& text) {
    std::fputs(text.c_str(), out);
    std::fflush(out);
  };
  if (options.channels.empty()) {
    print("alerts.channels has none to test\n");
    return 1;
  }
  std::string names;
  for (const ChannelOptions& channel : options.channels)
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", channel.name, channel.kind_name());
  if (consent == Consent::asked) {
    print("Send a test alert, and its end, to " + names + "? [y/N] ");
    if (!says_yes(in)) {
      print("nothing was sent\n");
      return 1;
    }
  }
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::stdout_sink_mt>()};
  const AlertPlan plan = options.plan();
  int exit_code = 0;
  for (const ChannelOptions& channel : options.channels) {
    for (const Telling telling : {Telling::firing, Telling::resolved}) {
      const Delivery delivery = deliver(channel, test_message(plan, channel.name, telling), log);
      if (delivery.end == Delivery::End::delivered) {
        print(fmt::format("{}: {}: delivered\n", channel.name, to_string(telling)));
        continue;
      }
      print(fmt::format("{}: {}: not delivered: {}\n", channel.name, to_string(telling), delivery.problem));
      exit_code = 3;
      break;
    }
  }
  return exit_code;
}

}  // namespace switchgear::alert
