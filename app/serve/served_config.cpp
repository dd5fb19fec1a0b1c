#include "app/serve/served_config.hpp"

#include <exception>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "app/serve/log_format.hpp"
#include "switchgear/config/source_file.hpp"

namespace switchgear::serve {

gateway::TracingOptions tracing_of(const config::Config& config,
                                   std::shared_ptr<telemetry::SpanQueue> spans) {
  const auto& telemetry = config.own.get<otlp::TelemetryOptions>();
  gateway::TracingOptions tracing;
  if (telemetry.trace == otlp::TraceContextUse::w3c) {
    tracing.headers = gateway::TraceHeaders::w3c;
    tracing.share = telemetry.otlp.traces;
    tracing.spans = std::move(spans);
  }
  tracing.request_id = telemetry.request_id;
  return tracing;
}

ServedConfig::ServedConfig(ServeFlags flags, config::OwnSections sections, config::Config config,
                           gateway::Gateway& gateway, ServedAccessLog& access_log, spdlog::logger& log,
                           std::shared_ptr<telemetry::SpanQueue> spans, Prepare prepare)
    : flags_(std::move(flags)),
      started_with_(config.gateway),
      history_(config.own.get<history::HistoryOptions>()),
      exports_to_(config.own.get<otlp::TelemetryOptions>().otlp),
      sections_(std::move(sections)),
      gateway_(gateway),
      access_log_(access_log),
      log_(log),
      spans_(std::move(spans)),
      prepare_(std::move(prepare)),
      config_(std::move(config)),
      stamp_(config::FileStamp::of(flags_.config)) {}

admin::ReloadResult ServedConfig::reload() {
  const std::lock_guard lock{mutex_};
  const auto began = std::chrono::steady_clock::now();
  admin::ReloadResult result = read_and_apply();
  record_.add(result.ok, std::chrono::system_clock::now(), std::chrono::steady_clock::now() - began);
  return result;
}

admin::ReloadResult ServedConfig::refuse(admin::ReloadResult result, const std::string& why) const {
  log_.error("reload refused, nothing changed: {}", why);
  result.messages.push_back(why);
  return result;
}

admin::ReloadResult ServedConfig::refuse(admin::ReloadResult result,
                                         const std::vector<config::Diagnostic>& errors) const {
  for (std::size_t i = 0; i < errors.size(); ++i) {
    result.messages.push_back(errors[i].text());
    if (i < most_logged) log_.error("reload refused, nothing changed: {}", result.messages.back());
  }
  if (errors.size() > most_logged) {
    log_.error("reload refused, nothing changed: {} more lines are shown by switchgear check {}",
               errors.size() - most_logged, flags_.config);
  }
  return result;
}

void ServedConfig::log_warnings(const std::vector<config::Diagnostic>& warnings) const {
  for (std::size_t i = 0; i < warnings.size() && i < most_logged; ++i) log_.warn("{}", warnings[i].text());
  if (warnings.size() > most_logged) {
    log_.warn("{} more warnings are shown by switchgear check {}", warnings.size() - most_logged,
              flags_.config);
  }
}

admin::ReloadResult ServedConfig::read_and_apply() {
  stamp_ = config::FileStamp::of(flags_.config);
  config::Loaded loaded = config::load_file(flags_.config, config::FileKind::regular, sections_);
  admin::ReloadResult result;
  for (const config::Diagnostic& warning : loaded.warnings) result.messages.push_back(warning.text());
  if (!loaded.config) return refuse(std::move(result), loaded.errors);
  if (closed_) {
    result.messages.emplace_back("the gateway is ending");
    return result;
  }
  log_warnings(loaded.warnings);
  config::Config next = *std::move(loaded.config);
  (void)put_flags_before(next, flags_);  // they were good when it started
  const LogOptions& log_options = next.own.get<LogOptions>();
  std::function<void()> follow = [] {};
  try {
    if (prepare_) follow = prepare_(next);
  } catch (const std::exception& error) {
    return refuse(std::move(result), error.what());
  }
  std::shared_ptr<gateway::AccessLog> access_log;
  try {
    access_log = access_log_.prepare(log_options.access);
  } catch (const std::system_error& error) {
    return refuse(std::move(result), std::string{"log.access.file: "} + error.what());
  }
  gateway::OpenedListeners listeners;
  try {
    listeners = gateway_.listeners_of(next);
  } catch (const std::system_error& error) {
    return refuse(std::move(result), std::string{"gateway.listen: "} + error.what());
  }
  if (needs_restart(next)) {
    result.messages.emplace_back(
        "gateway.admin, its tokens and origins, gateway.threads, gateway.takeover, history and "
        "telemetry.otlp take effect after a restart; telemetry.otlp.traces does so at once");
    log_.warn("reload: {}", result.messages.back());
  }
  apply(log_options, log_);
  const AppliedOptions applied = gateway_.apply(next, std::move(listeners), tracing_of(next, spans_));
  access_log_.use(access_log);
  const auto say = [&result](const char* what, const std::vector<std::string>& names) {
    for (const std::string& name : names) result.messages.push_back(std::string{what} + " " + name);
  };
  say("added", applied.added);
  say("replaced", applied.replaced);
  say("removed", applied.removed);
  say("kept", applied.kept);
  follow();
  config_ = std::move(next);
  result.ok = true;
  return result;
}

bool ServedConfig::needs_restart(const config::Config& next) const {
  const config::GatewayOptions& now = started_with_;
  otlp::OtlpOptions exports_to = next.own.get<otlp::TelemetryOptions>().otlp;
  exports_to.traces = exports_to_.traces;
  return next.gateway.has_admin != now.has_admin || next.gateway.admin != now.admin ||
         next.gateway.probes != now.probes || next.gateway.takeover != now.takeover ||
         next.gateway.threads != now.threads || next.gateway.admin_token != now.admin_token ||
         next.gateway.admin_read_token != now.admin_read_token ||
         next.gateway.admin_origins != now.admin_origins ||
         next.own.get<history::HistoryOptions>() != history_ || exports_to != exports_to_;
}

std::variant<std::string, experiment::CannotPromote> ServedConfig::promotion(
    const experiment::SplitSubject& subject) const {
  constexpr std::size_t more_than_any = std::size_t{2} * 1024 * 1024;
  const config::ReadResult file = config::read_file(flags_.config, more_than_any, config::FileKind::regular);
  if (!file.bytes) return experiment::CannotPromote{flags_.config + " " + file.problem};
  return experiment::promotion({flags_.config, *file.bytes, sections_}, subject);
}

bool ServedConfig::file_changed() const {
  const std::lock_guard lock{mutex_};
  return config::FileStamp::of(flags_.config) != stamp_;
}

Duration ServedConfig::shutdown_delay() const {
  const std::lock_guard lock{mutex_};
  return config_.gateway.shutdown_delay;
}

Duration ServedConfig::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  return config_.gateway.limits.drain_timeout;
}

std::map<std::string, std::string> ServedConfig::policies() const {
  const std::lock_guard lock{mutex_};
  std::map<std::string, std::string> of;
  for (const auto& [name, service] : config_.services) {
    of.emplace(name, service.policy);
    for (const config::Route& route : service.routes) {
      if (!route.policy.empty()) of.emplace(gateway::PolicySet::name_of(name, route.policy), route.policy);
    }
  }
  return of;
}

}  // namespace switchgear::serve
