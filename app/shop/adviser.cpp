#include "app/shop/adviser.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <chrono>
#include <exception>
#include <utility>
#include <variant>

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto longest = 2s;  // for policies without a time limit

/// JSON in a part of its own: an agent need not read prose to find the count.
a2a::Message question_about(const Wish& wish) {
  a2a::Message question{"What is the risk of this order: low or high?"};
  question.parts.emplace_back(
      json::value(json::object{{"user", wish.user}, {"sku", wish.sku}, {"count", wish.count}}));
  return question;
}

Advice advice_in(const a2a::SendMessageResponse& answer) {
  const auto* const message = std::get_if<a2a::Message>(&answer);
  if (message == nullptr) return Advice::none;
  const std::string text = message->text();
  if (text == "low") return Advice::go_on;
  return text == "high" ? Advice::against : Advice::none;
}

}  // namespace

Adviser::Adviser(const asio::any_io_executor& executor, const Policies& policies, const std::string& url) {
  if (url.empty()) return;
  a2a::ClientOptions options;
  options.name = "risk";
  options.timeout = longest;
  agent_ =
      std::make_unique<a2a::Client>(executor, url, policies.risk().racing_pipeline(), std::move(options));
}

asio::awaitable<Advice> Adviser::ask(const Wish& wish, Duration limit) {
  if (!agent_) co_return Advice::none;
  Advice advice = Advice::none;
  try {
    a2a::Message question = question_about(wish);
    a2a::SendOptions options;
    options.deadline = saturating_add(std::chrono::steady_clock::now(), limit);
    const a2a::SendMessageResponse answer = co_await agent_->send(std::move(question), std::move(options));
    advice = advice_in(answer);
  } catch (const std::exception&) {
    // Counted below, and seen by the breaker where it is the agent's fault.
  }
  if (advice == Advice::go_on) ++counts_.given;
  if (advice == Advice::against) ++counts_.against;
  if (advice == Advice::none) ++counts_.missing;
  co_return advice;
}

}  // namespace switchgear::shop
