#include "app/demo/shop.hpp"

#include <boost/json.hpp>
#include <sstream>
#include <utility>

namespace switchgear::demo {
namespace {

namespace json = boost::json;

std::optional<SeenTransition> seen_transition(const json::value& value) {
  if (!value.is_object()) return std::nullopt;
  const json::object& from = value.as_object();
  const json::object& window = from.at("window").as_object();
  SeenTransition seen;
  seen.from = std::string{from.at("from").as_string()};
  seen.to = std::string{from.at("to").as_string()};
  seen.rule = std::string{from.at("rule").as_string()};
  seen.value = from.at("value").to_number<double>();
  seen.threshold = from.at("threshold").to_number<double>();
  seen.generation = from.at("generation").to_number<std::uint64_t>();
  seen.window_calls = window.at("calls").to_number<std::uint64_t>();
  seen.window_failures = window.at("failures").to_number<std::uint64_t>();
  seen.window_slow = window.at("slow").to_number<std::uint64_t>();
  return seen;
}

SeenBreaker seen_breaker(const json::object& from) {
  const json::object& counters = from.at("counters").as_object();
  SeenBreaker seen;
  seen.state = std::string{from.at("state").as_string()};
  seen.generation = from.at("generation").to_number<std::uint64_t>();
  seen.calls = counters.at("calls").to_number<std::uint64_t>();
  seen.rejected = counters.at("rejected").to_number<std::uint64_t>();
  seen.half_opened = counters.at("half_opened").to_number<std::uint64_t>();
  seen.closed = counters.at("closed").to_number<std::uint64_t>();
  seen.failure_rate = from.at("window").at("failure_rate").to_number<double>();
  seen.calls_per_second = from.at("rates").at("calls_per_second").to_number<double>();
  if (const json::value& left = from.at("retry_after"); !left.is_null())
    seen.retry_after = left.to_number<double>();
  seen.last = seen_transition(from.at("last_transition"));
  return seen;
}

}  // namespace

std::string gateway_yaml(const ShopOptions& options,
                         const std::array<std::uint16_t, service_names.size()>& ports) {
  std::ostringstream yaml;
  yaml << "version: 1\n"
       << "gateway: {listen: \"127.0.0.1:" << options.port << "\", admin: \"127.0.0.1:" << options.admin_port
       << "\", threads: 1}\n"
       << "policies:\n"
          "  shop:\n"
          "    circuit_breaker:\n"
       << "      window: {type: count, size: " << window_size << "}\n"
       << "      minimum_calls: 20\n"
          "      failure_rate: 0.5\n"
          "      slow_call: {threshold: 150ms, rate: 0.5}\n"
       << "      open_duration: " << options.open_duration.count() << "ms\n"
       << "      half_open: {permitted_calls: " << probes
       << ", max_concurrent: 1, probe_interval: " << options.probe_interval.count() << "ms}\n"
       << "    timeout: 500ms\n"
          "services:\n";
  for (std::size_t i = 0; i < ports.size(); ++i) {
    yaml << "  " << service_names[i] << ": {url: \"http://127.0.0.1:" << ports[i]
         << "\", policy: shop, routes: [{prefix: /" << service_names[i] << "/}]}\n";
  }
  return yaml.str();
}

Shop::Shop(const ShopOptions& options) : options_(options) {
  std::array<std::uint16_t, service_names.size()> ports{};
  for (std::size_t i = 0; i < ports.size(); ++i) ports[i] = start_service(i);
  start_gateway(ports);
}

Shop::~Shop() {
  // The gateway first: it would only report failures of services that are going away on purpose.
  gateway_.reset();
  for (Member& member : services_) member.process.reset();
}

std::uint16_t Shop::start_service(std::size_t service) {
  const std::string name = service_names[service];
  const std::string seed = std::to_string(options_.seed + service);
  stage::Started started =
      workplace_.start(name, {"demo-service", "--name", name, "--port", "0", "--seed", seed}, "ready ");
  services_[service] = {std::move(started.process),
                        std::make_unique<JsonClient>(name, stage::number_after(started.ready, "control="))};
  return stage::number_after(started.ready, "port=");
}

void Shop::start_gateway(const std::array<std::uint16_t, service_names.size()>& ports) {
  std::string where;
  for (const std::uint16_t port : {options_.port, options_.admin_port}) {
    if (port != 0) where += (where.empty() ? " on port " : " and ") + std::to_string(port);
  }
  const std::string file = workplace_.write("gateway.yaml", gateway_yaml(options_, ports));
  stage::Started started =
      workplace_.start("gateway", {"serve", "--config", file}, "switchgear serves ", where);
  gateway_ = std::move(started.process);
  gateway_port_ = stage::number_after(started.ready, "serves http://127.0.0.1:");
  admin_port_ = stage::number_after(started.ready, "admin http://127.0.0.1:");
  if (gateway_port_ == 0 || admin_port_ == 0)
    workplace_.broken(*gateway_, "named no ports when it was ready");
  admin_ = std::make_unique<JsonClient>("the gateway's admin API", admin_port_);
}

std::string Shop::dashboard() const {
  return "http://127.0.0.1:" + std::to_string(admin_port_) + "/dashboard";
}

SeenBreaker Shop::breaker(std::size_t service) {
  const json::object answer = admin_->get(std::string{"/circuit-breakers/"} + service_names[service]);
  try {
    return seen_breaker(answer);
  } catch (const std::exception&) {
    throw NoAnswer("the gateway's admin API gave something unexpected");
  }
}

std::uint64_t Shop::arrived_at(std::size_t service) {
  return services_[service].control->get("/_stats").at("calls").to_number<std::uint64_t>();
}

void Shop::set_fault(std::size_t service, const Fault& fault) {
  services_[service].control->post("/_fault",
                                   {{"mode", to_string(fault.mode)}, {"delay_ms", fault.delay.count()}});
}

void Shop::check_alive() {
  if (!gateway_->running()) workplace_.broken(*gateway_, "ended by itself");
  for (Member& member : services_) {
    if (!member.process->running()) workplace_.broken(*member.process, "ended by itself");
  }
}

std::filesystem::path Shop::keep_logs() noexcept {
  workplace_.keep();
  return workplace_.directory();
}

}  // namespace switchgear::demo
