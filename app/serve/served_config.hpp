// The configuration that a running gateway serves, and how it is replaced.
#pragma once

#include <spdlog/logger.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "app/experiment/promotion.hpp"
#include "app/gateway/gateway.hpp"
#include "app/history/history_section.hpp"
#include "app/otlp/telemetry_section.hpp"
#include "app/serve/reload_record.hpp"
#include "app/serve/serve_flags.hpp"
#include "app/serve/served_access_log.hpp"
#include "switchgear/admin/server.hpp"
#include "switchgear/config/config.hpp"
#include "switchgear/config/file_stamp.hpp"
#include "switchgear/config/own_sections.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::serve {

/// What the gateway does of the section `telemetry`. `spans`: where it tells of recorded calls; null: none
/// is.
[[nodiscard]] gateway::TracingOptions tracing_of(const config::Config& config,
                                                 std::shared_ptr<telemetry::SpanQueue> spans);

/// Borrows `gateway`, `access_log` and `log`. Threads: any; one reload at a time, the others wait for it.
class ServedConfig {
 public:
  static constexpr std::size_t most_logged = 20;  ///< errors of one file
  using Prepare = std::function<std::function<void()>(const config::Config&)>;

  /// `config`: what `gateway` was made from: the file of `flags`, read with `sections`, with the flags in
  /// place of its addresses. `spans`: as of tracing_of(). `prepare`: makes what others need of a
  /// configuration that is to take its place, and returns the function that gives it to them, which does not
  /// throw. Where `prepare` throws, with a text for the operator, the reload is refused.
  ServedConfig(ServeFlags flags, config::OwnSections sections, config::Config config,
               gateway::Gateway& gateway, ServedAccessLog& access_log, spdlog::logger& log,
               std::shared_ptr<telemetry::SpanQueue> spans = nullptr, Prepare prepare = {});

  /// Reads the file again and gives it to the gateway. All or nothing: a file with an error changes nothing.
  admin::ReloadResult reload();
  /// Whether the file is not the one that was read last.
  [[nodiscard]] bool file_changed() const;
  /// How long connections are still taken after the first signal to end.
  [[nodiscard]] Duration shutdown_delay() const;
  /// Ends reloading: one under way finishes first, later ones are refused. Returns the time that requests
  /// under way have to finish.
  Duration close();

  /// The change of the file that ends a split in favour of its candidate.
  [[nodiscard]] std::variant<std::string, experiment::CannotPromote> promotion(
      const experiment::SplitSubject& subject) const;

  /// Of every reload(), by signal, request or a changed file.
  [[nodiscard]] const ReloadRecord& record() const noexcept { return record_; }

  /// The name of each service's policy.
  [[nodiscard]] std::map<std::string, std::string> policies() const;

 private:
  void log_warnings(const std::vector<config::Diagnostic>& warnings) const;
  [[nodiscard]] admin::ReloadResult read_and_apply();
  [[nodiscard]] admin::ReloadResult refuse(admin::ReloadResult result, const std::string& why) const;
  [[nodiscard]] admin::ReloadResult refuse(admin::ReloadResult result,
                                           const std::vector<config::Diagnostic>& errors) const;
  /// Whether `next` has what the running process cannot take over.
  [[nodiscard]] bool needs_restart(const config::Config& next) const;

  const ServeFlags flags_;
  const config::GatewayOptions started_with_;
  const history::HistoryOptions history_;  ///< likewise
  const otlp::OtlpOptions exports_to_;     ///< likewise
  const config::OwnSections sections_;
  gateway::Gateway& gateway_;
  ServedAccessLog& access_log_;
  spdlog::logger& log_;
  const std::shared_ptr<telemetry::SpanQueue> spans_;
  const Prepare prepare_;
  mutable std::mutex mutex_;  ///< guards all below, and Gateway::apply()
  config::Config config_;
  config::FileStamp stamp_;  ///< of the file that was read last
  bool closed_ = false;
  ReloadRecord record_{std::chrono::system_clock::now()};
};

}  // namespace switchgear::serve
