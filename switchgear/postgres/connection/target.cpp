#include "switchgear/postgres/connection/target.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <map>
#include <memory>
#include <stdexcept>

#include "switchgear/postgres/error.hpp"

namespace switchgear::postgres {

namespace asio = boost::asio;

namespace {

using Settings = std::map<std::string, std::string>;

struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

void add(Settings& settings, const PQconninfoOption* options) {
  for (; options != nullptr && options->keyword != nullptr; ++options)
    if (options->val != nullptr && *options->val != '\0') settings[options->keyword] = options->val;
}

[[nodiscard]] std::string first_line(std::string text) {
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

[[nodiscard]] Settings read(const std::string& text) {
  Settings settings;
  add(settings, Options(PQconndefaults()).get());
  char* error = nullptr;
  const Options given(PQconninfoParse(text.c_str(), &error));
  if (!given) {
    const std::string why = error == nullptr ? "out of memory" : first_line(error);
    PQfreemem(error);
    throw std::invalid_argument("the connection string cannot be read: " + why);
  }
  add(settings, given.get());
  if (settings.contains("service") && std::getenv("PGSERVICE") == nullptr)
    throw std::invalid_argument(
        "the connection string names a service; set PGSERVICE in the environment instead");
  return settings;
}

[[nodiscard]] std::string take(Settings& settings, const std::string& keyword) {
  const auto found = settings.find(keyword);
  if (found == settings.end()) return {};
  std::string value = std::move(found->second);
  settings.erase(found);
  return value;
}

[[nodiscard]] std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (;;) {
    const std::size_t comma = list.find(',', from);
    parts.push_back(list.substr(from, comma == std::string::npos ? comma : comma - from));
    if (comma == std::string::npos) return parts;
    from = comma + 1;
  }
}

[[nodiscard]] std::string at(const std::vector<std::string>& list, std::size_t index) {
  return index < list.size() ? list[index] : std::string();
}

[[nodiscard]] bool is_looked_up(const std::string& host) {
  if (host.empty() || host.front() == '/' || host.front() == '@') return false;
  boost::system::error_code not_one;
  asio::ip::make_address(host, not_one);
  return not_one.failed();
}

struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor)
      : resolver(executor), done(executor, asio::steady_timer::time_point::max()) {}
  asio::ip::tcp::resolver resolver;
  asio::steady_timer done;
  bool ended = false;
  std::vector<std::string> addresses;
  std::string why = "no answer in time";
};

/// A lookup cannot be cancelled; what is not there in time is not waited for.
asio::awaitable<std::shared_ptr<Lookup>> look_up(asio::any_io_executor executor, std::string host,
                                                 TimePoint until) {
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->done.expires_at(until);
  lookup->resolver.async_resolve(
      host, "", [lookup](const boost::system::error_code& error, const auto& results) {
        lookup->ended = true;
        if (error) lookup->why = error.message();
        for (const auto& each : results) {
          const std::string address = each.endpoint().address().to_string();
          if (std::find(lookup->addresses.begin(), lookup->addresses.end(), address) ==
              lookup->addresses.end())
            lookup->addresses.push_back(address);
        }
        lookup->done.cancel();
      });
  boost::system::error_code ignored;
  if (!lookup->ended) co_await lookup->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_return lookup;
}

}  // namespace

ConnectionString::ConnectionString(std::string_view text) {
  Settings settings = read(std::string(text));
  const std::string host = take(settings, "host");
  const std::string address = take(settings, "hostaddr");
  const std::string port = take(settings, "port");
  settings.erase("connect_timeout");  // PoolOptions::connect_timeout stands for it
  session_ = take(settings, "target_session_attrs");
  const std::vector<std::string> hosts = split(host);
  const std::vector<std::string> addresses = split(address);
  const std::vector<std::string> ports = split(port);
  if (!host.empty() && !address.empty() && hosts.size() != addresses.size())
    throw std::invalid_argument("the connection string names " + std::to_string(hosts.size()) +
                                " hosts and " + std::to_string(addresses.size()) +
                                " addresses; name as many of both");
  const std::size_t count = std::max(hosts.size(), addresses.size());
  if (ports.size() != 1 && ports.size() != count)
    throw std::invalid_argument("the connection string names " + std::to_string(count) + " hosts and " +
                                std::to_string(ports.size()) + " ports; name one port, or one for each host");
  for (std::size_t i = 0; i < count; ++i)
    hosts_.push_back({at(hosts, i), at(addresses, i), ports.size() == 1 ? ports[0] : ports[i]});
  for (const Host& each : hosts_) {
    if (!label_.empty()) label_ += ',';
    label_ += each.host.empty() ? (each.address.empty() ? "local" : each.address) : each.host;
    label_ += ':' + (each.port.empty() ? std::string("5432") : each.port);
  }
  const auto database = settings.find("dbname");
  const auto user = settings.find("user");
  if (database != settings.end()) {
    label_ += '/' + database->second;
  } else if (user != settings.end()) {
    label_ += '/' + user->second;
  }
  settings.try_emplace("client_encoding", "UTF8");
  settings.try_emplace("fallback_application_name", "switchgear");
  settings_.assign(settings.begin(), settings.end());
}

Target ConnectionString::target(const Host& host, const std::string& address, const char* session) const {
  Target target;
  target.settings = settings_;
  const std::string& shown = host.host.empty() ? address : host.host;
  target.name = (shown.empty() ? "local" : shown) + ':' + (host.port.empty() ? "5432" : host.port);
  if (address != shown && !address.empty()) target.name += " (" + address + ')';
  if (!host.host.empty()) target.settings.emplace_back("host", host.host);
  if (!address.empty()) target.settings.emplace_back("hostaddr", address);
  if (!host.port.empty()) target.settings.emplace_back("port", host.port);
  if (*session != '\0') target.settings.emplace_back("target_session_attrs", session);
  target.wants_writer = session_ == "read-write" || session_ == "primary";
  return target;
}

asio::awaitable<std::vector<Target>> ConnectionString::targets(asio::any_io_executor executor,
                                                               TimePoint until) const {
  std::vector<std::pair<const Host*, std::string>> found;
  std::string why;
  for (const Host& host : hosts_) {
    if (!host.address.empty() || !is_looked_up(host.host)) {
      found.emplace_back(&host, host.address);
      continue;
    }
    const std::shared_ptr<Lookup> lookup = co_await look_up(executor, host.host, until);
    for (const std::string& address : lookup->addresses) found.emplace_back(&host, address);
    if (lookup->addresses.empty()) why += (why.empty() ? "" : "; ") + host.host + ": " + lookup->why;
  }
  if (found.empty()) throw Error(Errc::unresolved, why);
  std::vector<Target> targets;
  if (session_ == "prefer-standby")
    for (const auto& [host, address] : found) targets.push_back(target(*host, address, "standby"));
  const char* const session = session_ == "prefer-standby" ? "any" : session_.c_str();
  for (const auto& [host, address] : found) targets.push_back(target(*host, address, session));
  co_return targets;
}

}  // namespace switchgear::postgres
