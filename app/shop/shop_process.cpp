#include "app/shop/shop_process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <optional>

#include "app/shop/adviser.hpp"
#include "app/shop/checkout.hpp"
#include "app/shop/clerk.hpp"
#include "app/shop/mailer.hpp"
#include "app/shop/policies.hpp"
#include "app/shop/postgres_store.hpp"
#include "app/shop/server.hpp"
#include "app/shop/sqlite_store.hpp"
#include "app/shop/user_directory.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/config/duration.hpp"
#include "switchgear/http/error.hpp"
#include "switchgear/registry/ticker.hpp"
#include "switchgear/sync/clocks.hpp"

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr int exit_wrong = 1;
constexpr int exit_missing = 3;
constexpr int exit_signalled = 128;  // plus the signal, as shells have it

std::unique_ptr<Store> make_store(asio::io_context& io, const std::string& database,
                                  const Policies& policies) {
  constexpr std::string_view stand_in = "sqlite:";
  if (database.starts_with(stand_in)) return std::make_unique<SqliteStore>(database.substr(stand_in.size()));
  return std::make_unique<PostgresStore>(io.get_executor(), database, policies.database());
}

std::string or_else(const std::string& given, const Policies& policies, const std::string& service) {
  std::string url = given.empty() ? policies.url(service) : given;
  if (url.empty())
    throw WrongPolicies("the shop does not know where '" + service + "' is; give --" + service +
                        " URL, or a service of that name in the policy file");
  return url;
}

/// Everything in the order in which it may be destroyed from the end.
class ShopProcess {
 public:
  explicit ShopProcess(const ShopProcessOptions& options)
      : options_(options),
        policies_(options.policies, options.seed),
        urls_{or_else(options.inventory, policies_, "inventory"),
              or_else(options.payment, policies_, "payment"),
              or_else(options.accounts, policies_, "accounts")},
        order_time_(*config::parse_duration(options.order_time).value),
        store_(make_store(io_, options.database, policies_)),
        users_(io_.get_executor(), *store_, policies_, options.redis, options.seed),
        mailer_(io_.get_executor(), options.smtp, policies_),
        adviser_(io_.get_executor(), policies_, options.risk.empty() ? policies_.url("risk") : options.risk),
        checkout_(io_.get_executor(), *store_, policies_, adviser_, urls_.inventory, urls_.payment,
                  order_time_),
        clerk_(io_.get_executor(), *store_, policies_, users_, mailer_, urls_, 2 * order_time_),
        server_(io_, options.port, checkout_, users_, [this] { return health(); }),
        admin_(io_.get_executor(), policies_.registry().breakers(), admin_options(options), program()),
        ticker_(policies_.registry().breakers(), [] { return SteadyTime::now(); }) {}

  /// Until SIGTERM or SIGINT, which it returns.
  int run() {
    int told = 0;
    asio::signal_set signals{io_, SIGTERM, SIGINT};
    signals.async_wait([&](const boost::system::error_code&, int signal) {
      told = signal;
      io_.stop();
    });
    asio::co_spawn(io_, open(), asio::detached);
    io_.run();
    return told;
  }

 private:
  static admin::ServerOptions admin_options(const ShopProcessOptions& options) {
    admin::ServerOptions admin;
    admin.port = options.admin_port;
    return admin;
  }

  /// Until its tables are there the shop answers 503, and looks for the database again.
  asio::awaitable<void> open() {
    server_.start();
    admin_.start();
    std::printf("shop ready port=%u admin=%u\n", server_.port(), admin_.port());
    std::fflush(stdout);
    asio::steady_timer pause{io_};
    while (!prepared_) {
      try {
        co_await store_->prepare();
        prepared_ = true;
        break;
      } catch (const StoreUnavailable& gone) {
        std::fprintf(stderr, "shop: %s\n", gone.what());
      }
      pause.expires_after(500ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    clerk_.start();
    co_await watch();
  }

  /// The books for metrics, once a second.
  asio::awaitable<void> watch() {
    asio::steady_timer pause{io_};
    for (;;) {
      try {
        audit_ = co_await store_->audit();
        ++audits_;
      } catch (const StoreUnavailable&) {
        audit_.reset();
      }
      pause.expires_after(1s);
      co_await pause.async_wait(asio::use_awaitable);
    }
  }

  /// Degraded as long as a breaker is not closed.
  [[nodiscard]] json::object health() {
    json::object breakers;
    bool well = prepared_;
    const BreakerRegistry& all = policies_.registry().breakers();
    for (const char* const name : Policies::names) {
      const auto breaker = all.find(name);
      if (!breaker) continue;
      breakers[name] = to_string(breaker->state());
      well = well && breaker->state() == State::closed;
    }
    return {{"status", well ? "healthy" : "degraded"}, {"dependencies", std::move(breakers)}};
  }

  [[nodiscard]] json::object figures() const {
    const CheckoutCounts& orders = checkout_.counts();
    const ClerkCounts& work = clerk_.counts();
    const DirectoryCounts& users = users_.counts();
    const AdviceCounts& advice = adviser_.counts();
    json::object all{
        {"orders",
         {{"confirmed", orders.confirmed},
          {"repeated", orders.repeated},
          {"refused", orders.refused},
          {"unavailable", orders.unavailable},
          {"abandoned", work.abandoned}}},
        {"advice", {{"given", advice.given}, {"against", advice.against}, {"missing", advice.missing}}},
        {"work", {{"done", work.done}, {"postponed", work.postponed}}},
        {"users",
         {{"hits", users.hits}, {"misses", users.misses}, {"cache_failures", users.cache_failures}}}};
    all["audits"] = audits_;
    if (audit_) {
      all["books"] = json::object{{"open", audit_->open},           {"confirmed", audit_->confirmed},
                                  {"cancelled", audit_->cancelled}, {"waiting", audit_->waiting},
                                  {"booked", audit_->booked},       {"mails", audit_->mails},
                                  {"sound", audit_->sound()},       {"settled", audit_->settled()}};
    } else {
      all["books"] = nullptr;
    }
    return all;
  }

  [[nodiscard]] admin::Program program() {
    admin::Program program;
    program.ready = [this] { return prepared_; };
    program.surroundings = [this] { return policies_.surroundings(); };
    program.policies = [] {
      std::map<std::string, std::string> own;
      for (const char* const name : Policies::names) own.emplace(name, name);
      return own;
    };
    program.status = [this] { return json::object{{"shop", figures()}}; };
    program.metrics = [this](telemetry::MetricFamilies& to) { add_metrics(to); };
    program.resources.push_back({.method = admin::Method::get,
                                 .path = "/shop",
                                 .handle = [this](const admin::ResourceRequest&) -> admin::ResourceAnswer {
                                   return admin::Json{figures()};
                                 }});
    return program;
  }

  void add_metrics(telemetry::MetricFamilies& to) const {
    const CheckoutCounts& orders = checkout_.counts();
    constexpr const char* orders_help = "Orders by how they ended for their callers.";
    to.counter("shop_orders_total", orders_help, {{"outcome", "confirmed"}}, orders.confirmed);
    to.counter("shop_orders_total", orders_help, {{"outcome", "repeated"}}, orders.repeated);
    to.counter("shop_orders_total", orders_help, {{"outcome", "refused"}}, orders.refused);
    to.counter("shop_orders_total", orders_help, {{"outcome", "unavailable"}}, orders.unavailable);
    const AdviceCounts& advice = adviser_.counts();
    constexpr const char* advice_help = "Orders by what the agent for risks advised; missing: it did not.";
    to.counter("shop_advice_total", advice_help, {{"result", "given"}}, advice.given);
    to.counter("shop_advice_total", advice_help, {{"result", "against"}}, advice.against);
    to.counter("shop_advice_total", advice_help, {{"result", "missing"}}, advice.missing);
    to.counter("shop_work_done_total", "Work that followed from orders.", {}, clerk_.counts().done);
    to.counter("shop_work_postponed_total", "Tries of work that failed.", {}, clerk_.counts().postponed);
    if (audit_)
      to.gauge("shop_work_waiting", "Work that has not been done yet.", {},
               static_cast<double>(audit_->waiting));
  }

  const ShopProcessOptions options_;
  Policies policies_;
  const Clerk::Urls urls_;
  const Duration order_time_;
  asio::io_context io_{1};
  std::unique_ptr<Store> store_;
  UserDirectory users_;
  Mailer mailer_;
  Adviser adviser_;
  Checkout checkout_;
  Clerk clerk_;
  Server server_;
  bool prepared_ = false;
  std::optional<Audit> audit_;
  std::uint64_t audits_ = 0;
  admin::Server admin_;
  Ticker ticker_;
};

}  // namespace

int run_shop_process(const ShopProcessOptions& options) {
  try {
    return exit_signalled + ShopProcess{options}.run();
  } catch (const WrongPolicies& wrong) {
    std::fprintf(stderr, "%s\n", wrong.what());
    return exit_wrong;
  } catch (const std::invalid_argument& wrong) {
    std::fprintf(stderr, "switchgear shop: %s\n", wrong.what());
    return exit_wrong;
  } catch (const http::Error& wrong) {
    std::fprintf(stderr, "switchgear shop: %s\n", wrong.what());
    return exit_wrong;
  } catch (const boost::system::system_error& problem) {
    std::fprintf(stderr, "switchgear shop: %s\n", problem.code().message().c_str());
    return exit_missing;
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "switchgear shop: %s\n", problem.what());
    return exit_missing;
  }
}

}  // namespace switchgear::shop
