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
    if (file.bytes && !problem) return std::move(*file.bytes);
    value.wrong("file " + config::quoted(path) + " " + problem.value_or(file.problem));
    return std::nullopt;
  }
};

/// Throws std::invalid_argument, as parse_address() does.
redis::Address sentinel_at(const std::string& text) {
  redis::Address address = redis::parse_address("redis://" + text);
  if (text.find_first_of("@/?#") != std::string::npos || text.find(':') == std::string::npos)
    throw std::invalid_argument("is not an address of a Sentinel");
  return address;
}

void read_sentinels(config::Section& fleet, FleetSettings& settings) {
  constexpr std::size_t most_sentinels = 20;
  const auto found = fleet.find("sentinels");
  if (!found) return;
  for (const config::Value& one : config::items(*found, "[\"10.0.0.5:26379\"]")) {
    const auto text = config::Text{}(one);
    if (!text) continue;
    try {
      (void)sentinel_at(*text);
      settings.sentinels.push_back(*text);
    } catch (const std::invalid_argument&) {
      one.wrong(config::found(*one.node) + " found; expected host:port, such as \"10.0.0.5:26379\"");
    }
  }
  if (found->node->kind == config::Node::Kind::sequence &&
      (found->node->items.empty() || found->node->items.size() > most_sentinels))
    found->wrong("has no Sentinel, or more than 20; expected a list such as [\"10.0.0.5:26379\"]");
}

void read_tls(config::Section& fleet, FleetSettings& settings, const config::FileContext& context) {
  constexpr std::array<std::string_view, 2> verifications{"full", "none"};
  const auto found = fleet.find("tls");
  if (!found) return;
  config::Section section(*found);
  section.read("ca", settings.tls.ca, PemFile{context.directory});
  section.read("verify", settings.tls.verify, config::Named<tls::Verify>{verifications});
  section.finish();
  if (settings.on() && !redis::parse_address(settings.redis).tls)
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
  read_sentinels(section, settings);
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
  for (const std::string& each : settings.sentinels) options.redis.sentinels.push_back(sentinel_at(each));
  if (options.redis.address.tls) options.redis.tls.emplace(settings.tls);
  options.name_space = settings.name_space;
  options.quorum = settings.quorum;
  options.min_votes = settings.min_votes;
  options.fresh = settings.fresh;
  options.interval = std::min<Duration>(options.interval, settings.fresh / 5);
  options.probe = settings.probe;
  return options;
}

}  // namespace switchgear::fleet
