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

/// A budget beside nothing to limit is a contradiction in a policy file.
bool retries(const config::Policy& policy) { return policy.retry && policy.retry->max_attempts > 1; }

std::string apart(std::size_t services) {
  const std::string count = std::to_string(services);
  return "for each of the " + count + " services of this host, " + count + " times as much in all";
}

/// Accounts for a limit of the mesh's host, which each of so many services for the host has apart.
void limited(const Value& value, std::string_view to, std::string how, std::size_t services, Ledger& ledger) {
  if (services > 1) how.append(how.empty() ? "" : "; ").append(apart(services));
  how.empty() ? ledger.carried(value, to) : ledger.approximated(value, to, how);
}

/// The same for a limit that is absent there.
void limited_by_default(Fields& fields, std::string_view name, std::string_view to, std::uint64_t theirs,
                        std::size_t services) {
  const std::string shown = std::to_string(theirs);
  if (services < 2) return fields.absent(name, to, shown);
  fields.absent(name, to, shown + ", " + apart(services), Fate::approximated);
}

/// A budget that never grants a retry is another one.
void take_min_concurrency(const Value& value, RetryBudgetOptions& into, const ImportedService& service,
                          Ledger& ledger) {
  const std::string to = service.policy_at("retry.budget.min_concurrency");
  const std::uint64_t count = read_count(value).value_or(into.min_concurrency);
  const std::uint64_t floor = into.ratio > 0 ? 0 : 1;
  into.min_concurrency = static_cast<std::uint32_t>(std::clamp(count, floor, most_concurrent));
  const bool held = into.min_concurrency == count;
  limited(value, to,
          held            ? ""
          : count < floor ? "at least 1"
                          : "at most 1000000",
          service.retrying_siblings, ledger);
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
               : limited_by_default(fields, name, to, theirs, service.siblings);
  const std::string how =
      part * instances == all ? std::string{} : "each instance may have " + std::to_string(part);
  limited(*value, to, how, service.siblings, fields.ledger());
}

void take_instance_limit(Fields& fields, std::string_view name, ImportedService& service) {
  const auto value = fields.find(name);
  const auto count = value ? read_count(*value) : std::nullopt;
  if (!count) return;
  const std::uint64_t held = std::clamp<std::uint64_t>(*count, 1, most_connections);
  service.service.pool.max_connections = held;
  const std::string to = name_of(PoolLimit::connections, service);
  limited(*value, to, held == *count ? "" : "from 1 to 100000", service.siblings, fields.ledger());
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
  if (!value) return limited_by_default(fields, name, to, theirs, service.siblings);
  limited(*value, to, count == 0 ? "at least 1" : "", service.siblings, fields.ledger());
}

bool take_hash_header(const Value& header, ImportedService& service, Ledger& ledger) {
  const auto text = read_text(header);
  if (!text) return false;
  auto name = config::parse_header_name(*text, config::HeaderUse::value);
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
  if (const auto interval = budget.find("budgetInterval")) {
    if (read_length(*interval) == Duration::zero()) {
      ledger.carried(*interval, service.policy_at("retry.budget.mode"));
    } else {
      ledger.none(*interval, "the budget is one of the calls in flight now");
    }
  }
  if (!retries(service.policy)) {
    for (const auto& field : {percent, least}) {
      if (field) ledger.none(*field, "nothing is retried");
    }
    return budget.finish();
  }
  RetryBudgetOptions& into = service.policy.retry_budget.emplace();
  into.mode = BudgetMode::concurrent;
  if (percent) into.ratio = read_percent(*percent).value_or(into.ratio);
  if (percent) ledger.carried(*percent, service.policy_at("retry.budget.ratio"));
  if (least) take_min_concurrency(*least, into, service, ledger);
  budget.finish();
}

void take_max_retries(Fields& fields, std::string_view name, std::uint64_t theirs, ImportedService& service) {
  const auto value = fields.find(name);
  Ledger& ledger = fields.ledger();
  if (!retries(service.policy)) {
    if (value) ledger.none(*value, "nothing is retried");
  } else if (service.policy.retry_budget) {
    if (value) ledger.none(*value, "the retry budget stands in its place");
  } else if (const std::uint64_t count = value ? read_count(*value).value_or(theirs) : theirs;
             count > most_concurrent) {
    if (value) ledger.carried(*value, "", "no budget: beyond what one can have");
  } else {
    RetryBudgetOptions& into = service.policy.retry_budget.emplace();
    into.mode = BudgetMode::concurrent;
    into.ratio = 0;
    into.min_concurrency = static_cast<std::uint32_t>(count);
    if (value) return take_min_concurrency(*value, into, service, ledger);
    limited_by_default(fields, name, service.policy_at("retry.budget.min_concurrency"), theirs,
                       service.retrying_siblings);
  }
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
