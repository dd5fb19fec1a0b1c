#include "app/shop/policies.hpp"

#include <boost/json/parse.hpp>
#include <type_traits>
#include <utility>

#include "switchgear/sync/clocks.hpp"

namespace switchgear::shop {
namespace {

config::Config read(const std::string& file) {
  config::Loaded loaded = config::load_file(file);
  if (loaded.config) return std::move(*loaded.config);
  std::string all;
  for (const config::Diagnostic& error : loaded.errors) all += (all.empty() ? "" : "\n") + error.text();
  throw WrongPolicies(all);
}

/// A fallback's value in the place of an agent's answer.
a2a::Reply reply_of(const config::ValueFallback& value) {
  boost::system::error_code error;
  boost::json::value result = boost::json::parse(value.body, error);
  if (error || !result.is_object())
    throw std::invalid_argument(
        R"(its fallback's body must be the JSON of an answer, such as {"message": {"messageId": "1", )"
        R"("role": "ROLE_AGENT", "parts": [{"text": "unknown"}]}})");
  return a2a::Reply{std::move(result)};
}

}  // namespace

Policies::Policies(const std::string& file, std::uint64_t seed)
    : file_(file),
      seed_(seed),
      config_(read(file)),
      registry_({SteadyTime::now(), std::chrono::system_clock::now()}, seed),
      inventory_(make<http::Response>("inventory")),
      payment_(make<http::Response>("payment")),
      accounts_(make<http::Response>("accounts")),
      database_(make<postgres::Rows>("database")),
      cache_(make<redis::Reply>("cache")),
      mail_(make<int>("mail")),
      risk_(make<a2a::Reply>("risk")) {}

template <class T>
std::unique_ptr<config::ConfiguredPolicies<T>> Policies::make(const std::string& name) {
  const auto found = config_.policies.find(name);
  if (found == config_.policies.end())
    throw WrongPolicies(file_ + ": policies." + name +
                        ": is missing; the shop needs the policies inventory, payment, risk, " +
                        "accounts, database, cache and mail");
  config::PolicyContext<T> context;
  context.breaker.seed = seed_;
  context.breaker.created = SteadyTime::now();
  context.registry = &registry_;
  if constexpr (std::is_same_v<T, a2a::Reply>) context.value = reply_of;
  try {
    return std::make_unique<config::ConfiguredPolicies<T>>(found->second, std::move(context), nullptr);
  } catch (const std::invalid_argument& wrong) {
    throw WrongPolicies(file_ + ": policies." + name + ": " + wrong.what());
  }
}

std::map<std::string, CircuitSurroundings> Policies::surroundings() const {
  std::map<std::string, CircuitSurroundings> all;
  const auto add = [&](const std::string& name, const Bulkhead* bulkhead) {
    CircuitSurroundings& around = all[name];
    if (bulkhead != nullptr) {
      around.bulkhead = bulkhead->options().max_concurrent;
      around.capacity = bulkhead->options().max_concurrent;
    }
    const auto service = config_.services.find(name);
    if (service != config_.services.end() && service->second.business)
      around.value = figures::CallValue{service->second.business->value, service->second.business->currency};
  };
  add("inventory", inventory_->bulkhead());
  add("payment", payment_->bulkhead());
  add("accounts", accounts_->bulkhead());
  add("database", database_->bulkhead());
  add("cache", cache_->bulkhead());
  add("mail", mail_->bulkhead());
  add("risk", risk_->bulkhead());
  return all;
}

std::string Policies::url(const std::string& service) const {
  const auto found = config_.services.find(service);
  if (found == config_.services.end()) return {};
  const config::Upstream& at = found->second.upstreams.front();
  return std::string(at.tls ? "https" : "http") + "://" + at.at.host + ":" + std::to_string(at.at.port) +
         found->second.base_path;
}

}  // namespace switchgear::shop
