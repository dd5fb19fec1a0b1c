#include "app/otlp/exporter.hpp"

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <chrono>
#include <future>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace switchgear::otlp {
namespace {

using namespace std::chrono_literals;

TEST(Exporter, GoesOnAfterACollectionThatThrew) {
  std::ostringstream text;
  spdlog::logger log{"test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)};
  OtlpOptions options;
  options.endpoint = "http://127.0.0.1:1";
  options.interval = 1ms;
  Exporter exporter{options, log};
  int collections = 0;
  std::promise<void> second;
  exporter.start([&](telemetry::MetricFamilies&) {
    if (++collections == 1) throw std::runtime_error{"a gauge is broken"};
    if (collections == 2) second.set_value();
  });
  EXPECT_EQ(second.get_future().wait_for(60s), std::future_status::ready);
  exporter.stop(60s);
  EXPECT_NE(text.str().find("telemetry: metrics of http://127.0.0.1:1: a gauge is broken"), std::string::npos)
      << text.str();
}

}  // namespace
}  // namespace switchgear::otlp
