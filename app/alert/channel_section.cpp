// Reads the channels of `alerts:`.
#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>

#include "app/alert/alert_section.hpp"
#include "switchgear/config/secret.hpp"
#include "switchgear/config/suggest.hpp"
#include "switchgear/http/client/transport.hpp"
#include "switchgear/http/url.hpp"

namespace switchgear::alert {

namespace {

using config::Section;
using config::Text;
using config::Value;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t longest_address = 254;

/// A URL to be called, or `file:` with one. It may hold a secret, so that it is never quoted.
struct SecretUrl {
  const std::string& directory;
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    std::optional<std::string> url = config::Secret{directory}(value);
    if (!url) return url;
    try {
      (void)http::Url::parse(*url);
      return url;
    } catch (const std::exception&) {
      value.wrong(
          "is not a URL that can be called; expected http://HOST[:PORT][/PATH], or https; or file:PATH of "
          "one");
      return std::nullopt;
    }
  }
};

/// `smtp://HOST[:PORT]` or `smtps://HOST[:PORT]`.
struct SmtpUrl {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    std::optional<std::string> url = Text{}(value);
    if (!url) return url;
    std::string_view rest = *url;
    const bool smtp = rest.starts_with("smtp://") || rest.starts_with("smtps://");
    rest.remove_prefix(smtp ? rest.find("//") + 2 : 0);
    const bool plain =
        std::ranges::all_of(rest, [](char c) { return c > 0x20 && c < 0x7F && c != '@' && c != '/'; });
    if (smtp && plain && !rest.empty()) return url;
    value.wrong(
        "is not the address of a mail server; expected smtp://HOST[:PORT] or smtps://HOST[:PORT], and user "
        "and password in keys of their own");
    return std::nullopt;
  }
};

/// `ops@example.com`, without a name.
struct MailAddress {
  [[nodiscard]] std::optional<std::string> operator()(const Value& value) const {
    std::optional<std::string> address = Text{}(value);
    if (!address) return address;
    const std::size_t at = address->find('@');
    const bool plain = std::ranges::all_of(*address, [](char c) {
      return c > 0x20 && c < 0x7F && std::string_view{"<>(),;:\\\"[]"}.find(c) == std::string_view::npos;
    });
    if (plain && at != std::string::npos && at > 0 && at + 1 < address->size() &&
        address->find('@', at + 1) == std::string::npos && address->size() <= longest_address)
      return address;
    value.wrong(config::quoted(*address) + " is not a mail address; expected one such as ops@example.com");
    return std::nullopt;
  }
};

[[nodiscard]] SlackOptions read_slack(Section& section, const std::string& directory) {
  SlackOptions slack;
  section.require("webhook", slack.webhook, SecretUrl{directory}, "webhook: file:slack-webhook");
  return slack;
}

[[nodiscard]] PagerDutyOptions read_pagerduty(Section& section, const std::string& directory) {
  PagerDutyOptions pager;
  section.require("routing_key", pager.routing_key, config::Secret{directory},
                  "routing_key: file:pagerduty-key");
  section.read("url", pager.url, SecretUrl{directory});
  return pager;
}

[[nodiscard]] AlertmanagerOptions read_alertmanager(Section& section, const std::string& directory) {
  AlertmanagerOptions manager;
  section.require("url", manager.url, SecretUrl{directory}, "url: \"http://127.0.0.1:9093\"");
  section.read("token", manager.token, config::Secret{directory});
  section.read("refresh", manager.refresh, config::Length{seconds{1}, minutes{30}});
  return manager;
}

[[nodiscard]] WebhookOptions read_webhook(Section& section, const std::string& directory) {
  WebhookOptions hook;
  section.require("url", hook.url, SecretUrl{directory}, "url: \"https://hooks.example.com/alerts\"");
  section.read("token", hook.token, config::Secret{directory});
  return hook;
}

[[nodiscard]] EmailOptions read_email(Section& section, const std::string& directory) {
  constexpr std::size_t most_recipients = 100;
  EmailOptions email;
  section.require("smtp", email.smtp, SmtpUrl{}, "smtp: \"smtps://mail.example.com:465\"");
  section.require("from", email.from, MailAddress{}, "from: switchgear@example.com");
  if (const auto to = section.find("to")) {
    for (const Value& one : config::items(*to, "[ops@example.com]")) {
      if (auto address = MailAddress{}(one)) email.to.push_back(*std::move(address));
    }
    if (to->node->kind == config::Node::Kind::sequence &&
        (to->node->items.empty() || to->node->items.size() > most_recipients))
      to->wrong("has no recipient, or more than 100; expected a list such as [ops@example.com]");
  } else {
    section.missing("to", "to: [ops@example.com]");
  }
  section.read("user", email.user, Text{});
  section.read("password", email.password, config::Secret{directory});
  if (email.user.empty() != email.password.empty())
    section.wrong("has a user or a password, and not the other; expected both or none");
  email.start_tls = email.user.empty() ? StartTls::if_offered : StartTls::required;
  section.read("start_tls", email.start_tls, config::Named<StartTls>{start_tls_names});
  if (!email.user.empty() && email.start_tls != StartTls::required && email.smtp.starts_with("smtp:"))
    section.wrong(
        "would send the password over a connection that may not be encrypted; leave start_tls out, or use "
        "smtps");
  return email;
}

/// Tried here, so that a channel that was read can be made.
void read_ca(const Value& value, const std::string& directory, std::string& ca_file) {
  const auto path = Text{}(value);
  if (!path) return;
  ca_file = (std::filesystem::path(directory) / *path).string();
  http::TlsOptions tls;
  tls.ca_file = ca_file;
  try {
    (void)http::tls_context(tls);
  } catch (const std::exception&) {
    value.wrong(config::quoted(ca_file) + " is not a file with certificates (PEM) that can be used");
  }
}

[[nodiscard]] ChannelKind read_kind(std::string_view kind, const Value& value, const std::string& directory) {
  Section section(value);
  const auto read = [&]() -> ChannelKind {
    if (kind == "slack") return read_slack(section, directory);
    if (kind == "pagerduty") return read_pagerduty(section, directory);
    if (kind == "alertmanager") return read_alertmanager(section, directory);
    if (kind == "webhook") return read_webhook(section, directory);
    if (kind == "email") return read_email(section, directory);
    return LogChannelOptions{};
  };
  ChannelKind options = read();
  section.finish();
  return options;
}

}  // namespace

std::optional<ChannelOptions> read_channel(std::string_view name, const Value& value,
                                           const std::string& directory) {
  const std::size_t errors = value.report->errors();
  ChannelOptions channel;
  channel.name = name;
  Section section(value);
  std::size_t kinds = 0;
  for (const std::string_view kind : channel_kinds) {
    if (const auto found = section.find(kind)) {
      ++kinds;
      channel.kind = read_kind(kind, *found, directory);
    }
  }
  section.read("min_severity", channel.min_severity, config::Named<Severity>{severity_names});
  section.read("queue", channel.queue, config::Whole{1, 100'000});
  section.read("timeout", channel.timeout, config::Length{milliseconds{100}, minutes{5}});
  if (const auto ca = section.find("ca")) read_ca(*ca, directory, channel.ca_file);
  section.finish();
  if (kinds != 1 && value.report->errors() == errors)
    section.wrong("names " + std::to_string(kinds) + " kinds of channel; expected one of " +
                  config::one_of(channel_kinds));
  return value.report->errors() == errors ? std::optional(channel) : std::nullopt;
}

}  // namespace switchgear::alert
