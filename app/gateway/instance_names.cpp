#include "app/gateway/instance_names.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "switchgear/config/address.hpp"

namespace switchgear::gateway {

namespace {

/// Of a name with addresses of both kinds the IPv4 ones: they mostly lead to the same hosts, each of which
/// would else be two instances.
[[nodiscard]] std::vector<std::string> texts_of(const boost::asio::ip::tcp::resolver::results_type& found) {
  const bool has_v4 = std::any_of(found.begin(), found.end(),
                                  [](const auto& each) { return each.endpoint().address().is_v4(); });
  std::vector<std::string> texts;
  for (const auto& each : found) {
    const boost::asio::ip::address address = each.endpoint().address();
    if (address.is_v4() == has_v4) texts.push_back(address.to_string());
  }
  std::ranges::sort(texts);
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

InstanceNames::InstanceNames(spdlog::logger& log, std::function<void()> changed)
    : log_(log), changed_(std::move(changed)) {}

void InstanceNames::follow(std::map<std::string, Duration> wanted) {
  if (!wanted.empty() && !thread_.joinable()) thread_ = std::jthread{[this] { loop_.run(); }};
  boost::asio::post(loop_, [this, wanted = std::move(wanted)] { begin(wanted); });
}

void InstanceNames::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

std::vector<KnownInstance> InstanceNames::known_of(const config::Service& service) const {
  std::vector<KnownInstance> all;
  const auto add = [&all](const std::string& host, const config::Upstream& as) {
    const config::Endpoint at{host, as.at.port};
    const auto same = [&at](const KnownInstance& each) { return each.upstream.at == at; };
    if (std::ranges::none_of(all, same)) all.push_back({{at, as.weight, as.tls}, as.at});
  };
  const std::lock_guard lock{mutex_};
  for (const config::Upstream& each : service.upstreams) {
    const auto known = service.dns_refresh ? known_.find(each.at.host) : known_.end();
    if (known == known_.end()) {
      add(each.at.host, each);
    } else {
      for (const std::string& address : known->second) add(address, each);
    }
  }
  return all;
}

void InstanceNames::begin(const std::map<std::string, Duration>& wanted) {
  std::erase_if(names_, [&](const auto& name) { return !wanted.contains(name.first); });
  for (const auto& [host, refresh] : wanted) {
    const auto [name, is_new] =
        names_.try_emplace(host, Name{refresh, boost::asio::steady_timer{loop_}, false});
    name->second.refresh = refresh;
    if (is_new) look_up(host);
  }
  const std::lock_guard lock{mutex_};
  std::erase_if(known_, [&](const auto& name) { return !wanted.contains(name.first); });
}

void InstanceNames::look_up(const std::string& host) {
  resolver_.async_resolve(host, "", [this, host](const boost::system::error_code& error, const auto& found) {
    take(host, error, found);
  });
}

void InstanceNames::take(const std::string& host, const boost::system::error_code& error,
                         const boost::asio::ip::tcp::resolver::results_type& found) {
  const auto name = names_.find(host);
  if (name == names_.end()) return;  // it left the configuration meanwhile
  Addresses addresses = texts_of(found);
  note(name->second, host, error ? error.message() : addresses.empty() ? "it has no address" : "");
  name->second.timer.expires_after(name->second.refresh);
  name->second.timer.async_wait([this, host](const boost::system::error_code& cancelled) {
    if (!cancelled) look_up(host);
  });
  if (!addresses.empty() && store(host, std::move(addresses))) changed_();
}

/// Once for each change.
void InstanceNames::note(Name& name, const std::string& host, const std::string& problem) {
  if (std::exchange(name.failed, !problem.empty()) == name.failed) return;
  if (name.failed) {
    log_.warn("name {}: {}; its addresses stay as they were", host, problem);
  } else {
    log_.info("name {}: it can be looked up again", host);
  }
}

/// True if they are others than before.
bool InstanceNames::store(const std::string& host, Addresses addresses) {
  const std::lock_guard lock{mutex_};
  Addresses& known = known_[host];
  if (known == addresses) return false;
  known = std::move(addresses);
  return true;
}

}  // namespace switchgear::gateway
