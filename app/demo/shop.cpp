#include "app/demo/shop.hpp"

#include <boost/json.hpp>
#include <sstream>
#include <utility>

#include "app/shop/own_policies.hpp"

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
  seen.name = std::string{from.at("name").as_string()};
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

std::string policies_yaml(const ShopOptions& options) {
  std::ostringstream payment;
  payment << "\n  payment:\n"
             "    circuit_breaker:\n"
             "      window: {type: count, size: 30}\n"
             "      minimum_calls: 20\n"
             "      failure_rate: 0.5\n"
             "      slow_call: {threshold: 150ms, rate: 0.5}\n"
          << "      open_duration: " << options.open_duration.count() << "ms\n"
          << "      half_open: {permitted_calls: " << probes
          << ", max_concurrent: 1, probe_interval: " << options.probe_interval.count() << "ms}\n"
          << "    timeout: 500ms\n";
  std::string yaml{shop::own_policies()};
  const std::size_t begin = yaml.find("\n  payment:\n");
  const std::size_t end = begin == yaml.npos ? yaml.npos : yaml.find("\n  #", begin);
  if (end == yaml.npos) throw stage::Broken("the shop's policies have none for payment");
  return yaml.replace(begin, end + 1 - begin, payment.str());
}

std::string gateway_yaml(const ShopOptions& options, const std::string& url) {
  std::ostringstream yaml;
  yaml << "version: 1\n"
       << "gateway: {listen: \"127.0.0.1:" << options.port
       << "\", admin: \"127.0.0.1:0\", threads: 1}\n"
          "policies:\n"
          "  shop:\n"
          "    failure_when: {status: [500, 502, 504]}  # its 503 is an answer to one caller\n"
          "    circuit_breaker: {window: {type: time, duration: 10s}, failure_rate: 0.5}\n"
          "    timeout: 5s\n"
          "services:\n"
          "  shop: {url: \""
       << url << "\", policy: shop, routes: [{prefix: /}]}\n";
  return yaml.str();
}

Shop::Shop(const ShopOptions& options, stage::StopSignal& stop)
    : options_(options), backing_(workplace_, options.behind) {
  shop::ShopNeeds needs;
  needs.policies = workplace_.write("shop.yaml", policies_yaml(options));
  needs.seed = options.seed;
  needs.database = backing_.database();
  needs.redis = backing_.redis();
  needs.smtp = backing_.smtp();
  needs.urls["risk"] = backing_.risk();
  for (std::size_t i = 0; i < service_names.size(); ++i)
    needs.urls[service_names[i]] = "http://127.0.0.1:" + std::to_string(start_service(i));
  needs.admin_port = options.admin_port;
  shop_.emplace(workplace_, needs, stop);
  admin_ = std::make_unique<JsonClient>("the shop's admin API", shop_->admin_port());
  start_gateway();
}

Shop::~Shop() {
  // From the front to the back: each would only report failures of what is going away on purpose.
  gateway_.reset();
  shop_.reset();
}

std::uint16_t Shop::start_service(std::size_t service) {
  const std::string name = service_names[service];
  const std::string seed = std::to_string(options_.seed + service);
  const auto words = [&](std::uint16_t port, std::uint16_t control) {
    return std::vector<std::string>{
        "demo-service",          "--name", name, "--port", std::to_string(port), "--control-port",
        std::to_string(control), "--seed", seed};
  };
  Member& member = services_[service];
  const std::string ready = member.process.emplace(workplace_, name, "ready ").start(words(0, 0));
  const std::uint16_t port = stage::number_after(ready, "port=");
  const std::uint16_t control = stage::number_after(ready, "control=");
  member.process->start_again_with(words(port, control));
  member.control = std::make_unique<JsonClient>(name, control);
  return port;
}

void Shop::start_gateway() {
  const std::string where = options_.port == 0 ? "" : " on port " + std::to_string(options_.port);
  const std::string file = workplace_.write("gateway.yaml", gateway_yaml(options_, shop_->url()));
  gateway_.emplace(workplace_, "gateway", "switchgear serves ");
  const std::string ready = gateway_->start({"serve", "--config", file}, where);
  gateway_port_ = stage::number_after(ready, "serves http://127.0.0.1:");
  gateway_admin_port_ = stage::number_after(ready, "admin http://127.0.0.1:");
  if (gateway_port_ == 0 || gateway_admin_port_ == 0) gateway_->broken("named no ports when it was ready");
  gateway_->start_again_with(
      {"serve", "--config", file, "--listen", "127.0.0.1:" + std::to_string(gateway_port_), "--admin",
       "127.0.0.1:" + std::to_string(gateway_admin_port_)},
      " on port " + std::to_string(gateway_port_));
}

std::string Shop::gateway_dashboard() const {
  return "http://127.0.0.1:" + std::to_string(gateway_admin_port_) + "/dashboard";
}

std::string Shop::dashboard() const { return shop_->admin_url() + "/dashboard"; }

SeenBreaker Shop::breaker() {
  const json::object answer = admin_->get(std::string{"/circuit-breakers/"} + service_names[0]);
  try {
    return seen_breaker(answer);
  } catch (const std::exception&) {
    throw NoAnswer("the shop's admin API gave something unexpected");
  }
}

std::vector<SeenBreaker> Shop::breakers() {
  const json::object answer = admin_->get("/circuit-breakers");
  std::vector<SeenBreaker> all;
  try {
    for (const json::value& each : answer.at("circuit_breakers").as_array())
      all.push_back(seen_breaker(each.as_object()));
  } catch (const std::exception&) {
    throw NoAnswer("the shop's admin API gave something unexpected");
  }
  return all;
}

std::uint64_t Shop::arrived() {
  return services_[0].control->get("/_stats").at("calls").to_number<std::uint64_t>();
}

void Shop::set_fault(const Fault& fault) {
  fault_ = fault;
  services_[0].control->post("/_fault", {{"mode", to_string(fault.mode)}, {"delay_ms", fault.delay.count()}});
}

void Shop::heal() noexcept {
  try {
    set_fault(Fault{});
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
  }
}

std::vector<shop::Happened> Shop::keep_running() {
  std::vector<shop::Happened> all = backing_.look();
  for (std::size_t i = 0; i < services_.size(); ++i) {
    const std::optional<std::string> happened = services_[i].process->look();
    if (!happened) continue;
    all.push_back({service_names[i], *happened});
    if (i != 0) continue;
    try {
      set_fault(fault_);
    } catch (const NoAnswer&) {  // NOLINT(bugprone-empty-catch): it has ended again
    }
  }
  if (const std::optional<std::string> happened = shop_->look()) all.push_back({"shop", *happened});
  if (const std::optional<std::string> happened = gateway_->look()) all.push_back({"gateway", *happened});
  return all;
}

unsigned Shop::restarts() const noexcept {
  return shop_->restarts() + services_[0].process->restarts() + gateway_->restarts();
}

bool Shop::has_failed() const noexcept {
  bool failed = backing_.has_failed() || shop_->has_failed() || gateway_->has_failed();
  for (const Member& member : services_) failed = failed || member.process->has_failed();
  return failed;
}

std::filesystem::path Shop::keep_logs() noexcept {
  workplace_.keep();
  return workplace_.directory();
}

}  // namespace switchgear::demo
