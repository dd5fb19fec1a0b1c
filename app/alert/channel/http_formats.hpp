// Messages in the formats of others: bodies of JSON, within the limits of their receivers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "app/alert/incident/message.hpp"

namespace switchgear::alert {

/// Of Slack's incoming webhooks. Its documentation allows 50 blocks, 150 characters of a header and 3,000 of
/// a section. It does not say that all blocks together may have about 13,000 characters; 12,000 are used at
/// most.
struct SlackLimits {
  static constexpr std::size_t blocks = 50;
  static constexpr std::size_t header = 150;
  static constexpr std::size_t section = 3'000;
  static constexpr std::size_t together = 12'000;
};

/// `{"text", "blocks"}`. What does not fit is counted: `and 12 more`.
[[nodiscard]] std::string slack_body(const Message& message, const std::string& external_url);

/// Of PagerDuty's Events API v2: 255 characters of a dedup_key, 1,024 of a summary; 512 kB together.
struct PagerDutyLimits {
  static constexpr std::size_t dedup_key = 255;
  static constexpr std::size_t summary = 1'024;
};

/// Of the first alert; a message for PagerDuty has one.
[[nodiscard]] std::string pagerduty_body(const Message& message, std::string_view routing_key,
                                         const std::string& external_url);

/// `switchgear/INSTANCE/RULE/CIRCUIT`: the same for every event of an alert, and for the next incident of the
/// same rule and circuit. One that would be too long ends in a digest of the whole.
[[nodiscard]] std::string pagerduty_key(const std::string& instance, const Alert& alert);

/// The array that POST /api/v2/alerts takes. Firing alerts have no `endsAt`: Alertmanager's `resolve_timeout`
/// counts.
[[nodiscard]] std::string alertmanager_body(const Message& message, const std::string& external_url);

/// Alertmanager's own payload for webhooks, version 4.
[[nodiscard]] std::string webhook_body(const Message& message, const std::string& external_url);

}  // namespace switchgear::alert
