// The channels of the configuration: where alerts are told, and how it is reached.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/alert/rules/alert_rule.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::alert {

// URLs hold secrets: Slack's is one, a webhook's may have one in its query. They are never shown.

struct SlackOptions {
  std::string webhook;  ///< the URL
  friend bool operator==(const SlackOptions&, const SlackOptions&) = default;
};

struct PagerDutyOptions {
  std::string routing_key;
  std::string url = "https://events.pagerduty.com/v2/enqueue";
  friend bool operator==(const PagerDutyOptions&, const PagerDutyOptions&) = default;
};

struct AlertmanagerOptions {
  std::string url;    ///< without /api/v2/alerts
  std::string token;  ///< a bearer's; empty: none
  /// Firing alerts are sent again this often. Shorter than Alertmanager's `resolve_timeout`, after which it
  /// takes an alert that it does not hear of for resolved.
  Duration refresh = std::chrono::minutes{1};
  friend bool operator==(const AlertmanagerOptions&, const AlertmanagerOptions&) = default;
};

struct WebhookOptions {
  std::string url;
  std::string token;  ///< a bearer's; empty: none
  friend bool operator==(const WebhookOptions&, const WebhookOptions&) = default;
};

enum class StartTls : std::uint8_t { required, if_offered, never };

inline constexpr std::array<std::string_view, 3> start_tls_names{"required", "if_offered", "never"};

struct EmailOptions {
  std::string smtp;  ///< `smtp://HOST[:PORT]` or `smtps://HOST[:PORT]`
  std::string from;
  std::vector<std::string> to;
  std::string user;
  std::string password;
  StartTls start_tls = StartTls::if_offered;  ///< of smtp
  friend bool operator==(const EmailOptions&, const EmailOptions&) = default;
};

/// The gateway's own log.
struct LogChannelOptions {
  friend bool operator==(const LogChannelOptions&, const LogChannelOptions&) = default;
};

using ChannelKind = std::variant<SlackOptions, PagerDutyOptions, AlertmanagerOptions, WebhookOptions,
                                 EmailOptions, LogChannelOptions>;
/// In the order of ChannelKind.
inline constexpr std::array<std::string_view, 6> channel_kinds{"slack",   "pagerduty", "alertmanager",
                                                               "webhook", "email",     "log"};

struct ChannelOptions {
  std::string name;
  ChannelKind kind = LogChannelOptions{};
  Severity min_severity = Severity::info;
  std::size_t queue = 1'000;                    ///< messages that wait for it
  Duration timeout = std::chrono::seconds{10};  ///< of one attempt
  std::string ca_file;                          ///< PEM: the authorities to trust instead of the system's
  std::string external_url;                     ///< of the gateway's dashboard, for links; empty: none

  [[nodiscard]] std::string_view kind_name() const noexcept { return channel_kinds[kind.index()]; }
  friend bool operator==(const ChannelOptions&, const ChannelOptions&) = default;
};

}  // namespace switchgear::alert
