#include "app/fleet/fleet_settings.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "switchgear/config/secret.hpp"
#include "switchgear/config/source_file.hpp"
#include "switchgear/redis/address.hpp"
#include "switchgear/tls/pem.hpp"

namespace switchgear::fleet {

namespace {

/// A URL, or the file that holds it. What is wrong with it is said without quoting it: it may hold a
/// password.
struct RedisUrl {
  const std::string& directory;

  [[nodiscard]] std::optional<std::string> operator()(const config::Value& value) const {
    std::optional<std::string> url = config::Secret{directory}(value);
    if (!url) return std::nullopt;
    try {
      (void)redis::parse_address(*url);
      return url;
    } catch (const std::invalid_argument& error) {
      value.wrong(error.what());
      return std::nullopt;
    }
  }
};

/// A PEM file of authorities, as text.
struct PemFile {
  const std::string& directory;

  [[nodiscard]] std::optional<std::string> operator()(const config::Value& value) const {
    constexpr std::string_view prefix = "file:";
    constexpr std::size_t largest = std::size_t{1024} * 1024;
    const auto text = config::Text{}(value);
    if (!text) return std::nullopt;
    if (!text->starts_with(prefix)) {
      value.wrong(config::found(*value.node) + " found; expected file:PATH");
      return std::nullopt;
    }
    const std::string path = (std::filesystem::path{directory} / text->substr(prefix.size())).string();
    config::ReadResult file = config::read_file(path, largest, config::FileKind::regular);
    std::optional<std::string> problem;
    if (file.bytes) problem = tls::problem_of_certificates(*file.bytes);
    if (file.bytes && !problem) return std::move(file.bytes);
    value.wrong("file " + config::quoted(path) + " " + problem.value_or(file.problem));
    return std::nullopt;
  }
};

/// Throws std::invalid_argument, as parse_address() does.
redis::Address host_and_port(const std::string& text) {
  redis::Address address = redis::parse_address("redis://" + text);
  if (text.find_first_of("@/?#") != std::string::npos || text.find(':') == std::string::npos)
    throw std::invalid_argument("is not host:port");
  return address;
}

/// `noun`: what is to be found there. `example`: one `host:port`, in quotes.
void read_places(const config::Value& found, std::vector<std::string>& to, const char* noun,
                 const std::string& example) {
  constexpr std::size_t most = 20;
  for (const config::Value& one : config::items(found, "[" + example + "]")) {
    const auto text = config::Text{}(one);
    if (!text) continue;
    try {
      (void)host_and_port(*text);
      to.push_back(*text);
    } catch (const std::invalid_argument&) {
      one.wrong(config::found(*one.node) + " found; expected host:port, such as " + example);
    }
  }
  if (found.node->kind == config::Node::Kind::sequence &&
      (found.node->items.empty() || found.node->items.size() > most))
    found.wrong(std::string("has no ") + noun + ", or more than 20; expected a list such as [" + example +
                "]");
}

void read_sentinels(config::Section& fleet, FleetSettings& settings, const config::FileContext& context) {
  const auto found = fleet.find("sentinels");
  if (found) read_places(*found, settings.sentinels, "Sentinel", "\"10.0.0.5:26379\"");
  fleet.read("sentinel_user", settings.sentinel_user, config::Text{});
  fleet.read("sentinel_password", settings.sentinel_password, config::Secret{context.directory});
  fleet.read("sentinel_tls", settings.sentinel_tls, config::Truth{});
  for (const char* const key : {"sentinel_user", "sentinel_password", "sentinel_tls"}) {
    const auto own = fleet.find(key);
    if (own && !found) own->wrong("applies only together with sentinels");
  }
  const auto user = fleet.find("sentinel_user");
  if (user && !fleet.find("sentinel_password")) user->wrong("needs sentinel_password as well");
}

void read_cluster(config::Section& fleet, FleetSettings& settings) {
  const auto found = fleet.find("cluster");
  if (!found) return;
  read_places(*found, settings.cluster, "node", "\"10.0.0.6:6379\"");
  if (fleet.find("sentinels"))
    return found->wrong(
        "is not possible together with sentinels: a Redis Cluster replaces its masters itself");
  if (settings.on() && redis::parse_address(settings.redis).database != 0)
    found->wrong("has database 0 alone; remove the database from the address in redis");
}

void read_tls(config::Section& fleet, FleetSettings& settings, const config::FileContext& context) {
  constexpr std::array<std::string_view, 2> verifications{"full", "none"};
  const auto found = fleet.find("tls");
  if (!found) return;
  config::Section section(*found);
  section.read("ca", settings.tls.ca, PemFile{context.directory});
  section.read("verify", settings.tls.verify, config::Named<tls::Verify>{verifications});
  section.finish();
  if (settings.on() && !redis::parse_address(settings.redis).tls && !settings.sentinel_tls)
    return section.wrong("applies only to an address that begins with rediss://");
  try {
    (void)tls::ClientContext(settings.tls);
  } catch (const std::invalid_argument& error) {
    section.wrong(error.what());
  }
}

}  // namespace

FleetSettings read_fleet(const config::Value& value, const config::FileContext& context) {
  using namespace std::chrono_literals;
  FleetSettings settings;
  config::Section section(value);
  section.require("redis", settings.redis, RedisUrl{context.directory}, "redis: redis://127.0.0.1:6379/0");
  read_sentinels(section, settings, context);
  read_cluster(section, settings);
  section.read("namespace", settings.name_space, config::Text{});
  section.read("quorum", settings.quorum, config::any_number);
  section.read("min_votes", settings.min_votes, config::small_whole);
  section.read("fresh", settings.fresh, config::Length{});
  section.read("probe", settings.probe, config::Length{});
  read_tls(section, settings, context);
  section.finish();
  redis::FleetOptions options;
  options.name_space = settings.name_space;
  options.quorum = settings.quorum;
  options.min_votes = settings.min_votes;
  options.fresh = settings.fresh;
  options.interval = std::min<Duration>(options.interval, settings.fresh / 5);
  options.probe = settings.probe;
  for (const OptionProblem& problem : redis::validate(options)) {
    const auto at = section.find(problem.key);
    if (at) at->wrong(problem.message);
  }
  return settings;
}

redis::FleetOptions options_of(const FleetSettings& settings) {
  redis::FleetOptions options;
  options.redis.address = redis::parse_address(settings.redis);
  for (const std::string& each : settings.sentinels) {
    redis::Address& sentinel = options.redis.sentinels.emplace_back(host_and_port(each));
    sentinel.user = settings.sentinel_user;
    sentinel.password = settings.sentinel_password;
    sentinel.tls = settings.sentinel_tls;
  }
  for (const std::string& each : settings.cluster) options.redis.cluster.push_back(host_and_port(each));
  if (options.redis.address.tls || settings.sentinel_tls) options.redis.tls.emplace(settings.tls);
  options.name_space = settings.name_space;
  options.quorum = settings.quorum;
  options.min_votes = settings.min_votes;
  options.fresh = settings.fresh;
  options.interval = std::min<Duration>(options.interval, settings.fresh / 5);
  options.probe = settings.probe;
  return options;
}

}  // namespace switchgear::fleet
