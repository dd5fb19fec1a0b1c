#include "app/shop/user_directory.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <utility>

#include "switchgear/async/async_call.hpp"

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr const char* seconds_kept = "10";

std::string key_of(std::int64_t id) { return "shop:user:" + std::to_string(id); }

std::string text_of(const User& user) {
  return json::serialize(
      json::object{{"id", user.id}, {"name", user.name}, {"email", user.email}, {"orders", user.orders}});
}

/// Empty if the cache holds something else under the key.
std::optional<User> user_of(const std::string& text) {
  try {
    const json::value value = json::parse(text);
    return User{value.at("id").to_number<std::int64_t>(), std::string(value.at("name").as_string()),
                std::string(value.at("email").as_string()), value.at("orders").to_number<std::int64_t>()};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

/// One command, as an operation of async_call().
template <class Token>
auto send(redis::Client& cache, std::string command, Token&& token) {
  const auto initiate = [&cache](auto handler, std::string words) {
    // A std::function is copied; a handler is not.
    const auto kept = std::make_shared<decltype(handler)>(std::move(handler));
    cache.send(std::move(words), [kept](std::error_code error, redis::Reply reply) {
      std::move (*kept)(boost::system::error_code(error), std::move(reply));
    });
  };
  return asio::async_initiate<Token, void(boost::system::error_code, redis::Reply)>(initiate, token,
                                                                                    std::move(command));
}

}  // namespace

UserDirectory::UserDirectory(const asio::any_io_executor& executor, Store& store, const Policies& policies,
                             const std::string& redis, std::uint64_t seed)
    : executor_(executor), store_(store), policies_(policies.cache()) {
  if (redis.empty()) return;
  redis::ClientOptions options;
  options.address = redis::parse_address(redis);
  cache_ = std::make_unique<redis::Client>(executor, std::move(options), seed);
  cache_->start();
}

UserDirectory::~UserDirectory() = default;

asio::awaitable<std::optional<redis::Reply>> UserDirectory::run(std::string command) {
  if (!cache_) co_return std::nullopt;
  const auto op = [this, command = std::move(command)](const AsyncAttempt&, auto&& token) {
    return send(*cache_, command, std::forward<decltype(token)>(token));
  };
  try {
    const auto pipeline = policies_.racing_pipeline();
    redis::Reply reply = co_await async_call<redis::Reply>(executor_, pipeline, op, asio::use_awaitable);
    if (!reply.is_error()) co_return reply;
    ++counts_.cache_failures;
  } catch (const std::exception&) {
    ++counts_.cache_failures;  // without the cache the answer comes from the database
  }
  co_return std::nullopt;
}

asio::awaitable<FoundUser> UserDirectory::find(std::int64_t id) {
  const std::string key = key_of(id);
  std::string get = redis::command({"GET", key});
  const std::optional<redis::Reply> kept = co_await run(std::move(get));
  if (kept && kept->kind == redis::Reply::Kind::text) {
    if (std::optional<User> user = user_of(kept->text)) {
      ++counts_.hits;
      co_return FoundUser{std::move(user), true};
    }
  }
  ++counts_.misses;
  FoundUser found;
  found.user = co_await store_.user(id);
  if (found.user && kept) {  // not a cache that has just failed
    const std::string text = text_of(*found.user);
    std::string set = redis::command({"SET", key, text, "EX", seconds_kept});
    co_await run(std::move(set));
  }
  co_return found;
}

asio::awaitable<void> UserDirectory::forget(std::int64_t id) {
  const std::string key = key_of(id);
  std::string words = redis::command({"DEL", key});
  co_await run(std::move(words));
}

}  // namespace switchgear::shop
