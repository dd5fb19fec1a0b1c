#include "app/interop/pool_limits.hpp"

#include <algorithm>
#include <string>

#include "app/interop/values.hpp"
#include "switchgear/config/header_name.hpp"

namespace switchgear::interop {

namespace {

constexpr std::uint64_t most_connections = 100'000;
constexpr std::uint64_t most_waiting = 1'000'000;
constexpr std::uint64_t most_concurrent = 1'000'000;

struct Bounds {
  std::uint64_t least;
  std::uint64_t most;
};

Bounds bounds_of(PoolLimit limit) {
  return limit == PoolLimit::connections ? Bounds{1, most_connections} : Bounds{0, most_waiting};
}

void set_limit(PoolLimit limit, std::uint64_t value, config::PoolOptions& pool) {
  (limit == PoolLimit::connections ? pool.max_connections : pool.max_waiting) = value;
}

std::string name_of(PoolLimit limit, const ImportedService& service) {
  return service.at(limit == PoolLimit::connections ? "connections.max" : "connections.max_waiting");
}

}  // namespace

void take_pool_limit(Fields& fields, std::string_view name, PoolLimit limit, std::uint64_t theirs,
                     ImportedService& service) {
  const std::string to = name_of(limit, service);
  const Bounds bounds = bounds_of(limit);
  const std::uint64_t instances = std::max<std::size_t>(service.service.upstreams.size(), 1);
  const auto value = fields.find(name);
  const std::uint64_t all = value ? read_count(*value).value_or(theirs) : theirs;
  const std::uint64_t part = std::clamp((all + instances - 1) / instances, bounds.least, bounds.most);
  set_limit(limit, part, service.service.pool);
  if (!value)
    return theirs == no_limit
               ? fields.absent(name, to, "no limit; the most that there can be", Fate::approximated)
               : fields.absent(name, to, std::to_string(theirs));
  if (part * instances == all) return fields.ledger().carried(*value, to);
  fields.ledger().approximated(*value, to, "each instance may have " + std::to_string(part));
}

void take_instance_limit(Fields& fields, std::string_view name, ImportedService& service) {
  const auto value = fields.find(name);
  const auto count = value ? read_count(*value) : std::nullopt;
  if (!count) return;
  const std::uint64_t held = std::clamp<std::uint64_t>(*count, 1, most_connections);
  service.service.pool.max_connections = held;
  const std::string to = name_of(PoolLimit::connections, service);
  if (held == *count) return fields.ledger().carried(*value, to);
  fields.ledger().approximated(*value, to, "from 1 to 100000");
}

void take_bulkhead(Fields& fields, std::string_view name, std::uint64_t theirs, ImportedService& service) {
  const std::string to = service.policy_at("bulkhead.max_concurrent");
  const auto value = fields.find(name);
  const std::uint64_t count = value ? read_count(*value).value_or(theirs) : theirs;
  if (count > most_concurrent) {
    if (value) fields.ledger().carried(*value, "", "no bulkhead: beyond what one can have");
    return;
  }
  service.policy.bulkhead.emplace().max_concurrent =
      static_cast<std::uint32_t>(std::max<std::uint64_t>(count, 1));
  if (!value) return fields.absent(name, to, std::to_string(theirs));
  if (count == 0) return fields.ledger().approximated(*value, to, "at least 1");
  fields.ledger().carried(*value, to);
}

bool take_hash_header(const Value& header, ImportedService& service, Ledger& ledger) {
  const auto text = read_text(header);
  if (!text) return false;
  auto name = config::parse_header_name(*text);
  if (!name.value) {
    ledger.none(header, name.problem);
    return false;
  }
  service.service.balance.method = instances::Balance::hash;
  service.service.balance_header = *std::move(name.value);
  ledger.approximated(header, service.at("balance.hash.header"),
                      "keys stay at their instances, but at others than with a ring");
  return true;
}

void take_slow_start_from(Fields& fields, std::string_view name, ImportedService& service) {
  const auto value = fields.find(name);
  const auto share = value ? read_percent(*value) : std::nullopt;
  if (!share) return;
  const std::string to = service.at("balance.slow_start_from");
  service.service.balance.slow_start_from = std::max(*share, 0.01);
  if (*share >= 0.01) return fields.ledger().carried(*value, to);
  fields.ledger().approximated(*value, to, "at least 1%");
}

void take_linear(std::string_view name, Fields& fields) {
  const auto value = fields.find(name);
  const auto aggression = value ? read_number(*value) : std::nullopt;
  if (!aggression) return;
  if (*aggression == 1) return fields.ledger().carried(*value, "", "the share grows linearly");
  fields.ledger().none(*value, "the share grows linearly");
}

void import_retry_budget(const Value& value, ImportedService& service, Ledger& ledger) {
  Fields budget(value, ledger);
  const auto percent = budget.find("budget_percent") ? budget.find("budget_percent") : budget.find("percent");
  const auto least = budget.find("min_retry_concurrency") ? budget.find("min_retry_concurrency")
                                                          : budget.find("minRetryConcurrency");
  budget.none("budgetInterval", "the budget looks back on 10s");
  if (!service.policy.retry) {
    for (const auto& field : {percent, least}) {
      if (field) ledger.none(*field, "nothing is retried");
    }
    return budget.finish();
  }
  RetryBudgetOptions& into = service.policy.retry_budget.emplace();
  if (percent) into.ratio = read_percent(*percent).value_or(into.ratio);
  if (least)
    into.min_per_second =
        static_cast<double>(std::min<std::uint64_t>(read_count(*least).value_or(3), 1'000'000));
  constexpr std::string_view how = "retries of the last 10s against its calls, not those in flight";
  if (percent) ledger.approximated(*percent, service.policy_at("retry.budget.ratio"), how);
  if (least) ledger.approximated(*least, service.policy_at("retry.budget.min_per_second"), how);
  budget.finish();
}

void take_pool_length(Fields& fields, std::string_view name, Duration& into, const std::string& to,
                      const Absent<Duration>& theirs) {
  constexpr std::chrono::hours most{24};
  const auto value = fields.find(name);
  if (!value) {
    into = theirs.value;
    return fields.absent(name, to, theirs.shown);
  }
  const auto length = read_length(*value);
  if (!length) return;
  into = std::clamp<Duration>(*length, std::chrono::milliseconds{1}, most);
  if (*length == Duration::zero()) into = most;
  if (into == *length) return fields.ledger().carried(*value, to);
  fields.ledger().approximated(*value, to, "from 1ms to 24h");
}

std::optional<Duration> read_interval(const Value& value) {
  const auto length = read_length(value);
  if (!length || *length > Duration::zero()) return length;
  value.wrong("0s found; expected a longer time");
  return std::nullopt;
}

}  // namespace switchgear::interop
