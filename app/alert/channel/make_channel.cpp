// From the options of a channel to the channel.
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "app/alert/channel/channel.hpp"
#include "app/alert/channel/email_channel.hpp"
#include "app/alert/channel/http_channel.hpp"
#include "app/alert/channel/http_formats.hpp"
#include "app/alert/channel/log_channel.hpp"

namespace switchgear::alert {

namespace {

/// Makes the channel of each kind. Borrows until the channel is made; the channel keeps copies.
struct Maker {
  boost::asio::io_context& loop;
  const ChannelOptions& options;
  spdlog::logger& log;

  using Made = std::unique_ptr<Channel>;

  [[nodiscard]] Made http(const std::string& url, const std::string& token, HttpChannel::Body body) const {
    return std::make_unique<HttpChannel>(loop, url, token, options, std::move(body));
  }
  Made operator()(const SlackOptions& slack) const {
    return http(slack.webhook, {},
                [link = options.external_url](const Message& message) { return slack_body(message, link); });
  }
  Made operator()(const PagerDutyOptions& pager) const {
    return http(pager.url, {},
                [link = options.external_url, key = pager.routing_key](const Message& message) {
                  return pagerduty_body(message, key, link);
                });
  }
  Made operator()(const AlertmanagerOptions& manager) const {
    std::string_view base = manager.url;
    while (base.ends_with('/')) base.remove_suffix(1);
    return http(
        std::string{base} + "/api/v2/alerts", manager.token,
        [link = options.external_url](const Message& message) { return alertmanager_body(message, link); });
  }
  Made operator()(const WebhookOptions& hook) const {
    return http(hook.url, hook.token, [link = options.external_url](const Message& message) {
      return webhook_body(message, link);
    });
  }
  Made operator()(const EmailOptions& email) const {
    return std::make_unique<EmailChannel>(loop, email, options);
  }
  Made operator()(const LogChannelOptions& /*log*/) const { return std::make_unique<LogChannel>(loop, log); }
};

}  // namespace

std::unique_ptr<Channel> make_channel(boost::asio::io_context& loop, const ChannelOptions& options,
                                      spdlog::logger& log) {
  return std::visit(Maker{loop, options, log}, options.kind);
}

ChannelTerms terms_of(const ChannelOptions& options) {
  ChannelTerms terms;
  terms.min_severity = options.min_severity;
  if (std::holds_alternative<PagerDutyOptions>(options.kind)) {
    terms.alerts_per_message = 1;
    terms.takes_acknowledgements = true;
  }
  if (const auto* manager = std::get_if<AlertmanagerOptions>(&options.kind)) {
    terms.repeats = false;
    terms.refresh = manager->refresh;
  }
  return terms;
}

CourierOptions courier_options_of(const ChannelOptions& options) {
  CourierOptions courier;
  courier.queue = options.queue;
  // Slack takes one message a second, and short bursts.
  if (std::holds_alternative<SlackOptions>(options.kind)) courier.spacing = std::chrono::seconds{1};
  return courier;
}

}  // namespace switchgear::alert
