#include "app/alert/channel/message_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "app/alert/channel/shortened.hpp"
#include "switchgear/admin/breaker_view.hpp"

namespace switchgear::alert {

namespace {

constexpr std::size_t longest_subject = 200;

[[nodiscard]] std::string_view word_of(Telling telling) noexcept {
  switch (telling) {
    case Telling::firing:
    case Telling::refresh:
      return "FIRING";
    case Telling::again:
      return "STILL FIRING";
    case Telling::acknowledged:
      return "ACKNOWLEDGED";
    case Telling::resolved:
      return "RESOLVED";
  }
  return {};
}

}  // namespace

std::string subject_of(const Message& message) {
  const std::string_view word = word_of(message.telling);
  const Alert& first = message.alerts.front();
  if (message.alerts.size() == 1) return one_line(fmt::format("[{}] {}", word, first.text), longest_subject);
  std::string group;
  for (const auto& [name, value] : message.group)
    group += fmt::format("{}{} {}", group.empty() ? "" : ", ", name, value);
  return one_line(fmt::format("[{}: {}] {}", word, message.alerts.size(), group), longest_subject);
}

std::string when_of(const Alert& alert, Telling telling) {
  if (telling != Telling::resolved) return "since " + admin::iso8601(alert.starts);
  return fmt::format("from {} to {}", admin::iso8601(alert.starts), admin::iso8601(alert.ends));
}

std::string body_of(const Message& message, const std::string& external_url) {
  std::string body;
  for (const Alert& alert : message.alerts) {
    body += fmt::format("{}\n  {}, {}\n  evidence: {}\n", one_line(alert.text, MessageTemplate::longest),
                        to_string(alert.severity), when_of(alert, message.telling),
                        one_line(alert.evidence, 500));
    for (const auto& [name, value] : alert.labels)
      body += fmt::format("  {}: {}\n", one_line(name, 100), one_line(value, 200));
    if (!alert.runbook.empty()) body += fmt::format("  what to do: {}\n", one_line(alert.runbook, 500));
    body += '\n';
  }
  body += fmt::format("Sent by Switchgear, instance {}, to channel {}.\n", one_line(message.instance, 200),
                      one_line(message.channel, 200));
  if (!external_url.empty()) body += external_url + "\n";
  return body;
}

}  // namespace switchgear::alert
