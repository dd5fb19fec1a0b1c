#include "app/serve/served_access_log.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>
#include <utility>

namespace switchgear::serve {

namespace {

constexpr Duration patience_with_disk = std::chrono::seconds{5};

void add(gateway::AccessCounts& to, const gateway::AccessCounts& more) noexcept {
  to.written += more.written;
  to.lost += more.lost;
}

[[nodiscard]] std::string text_of(int error) { return std::generic_category().message(error); }

}  // namespace

std::shared_ptr<gateway::AccessLog> ServedAccessLog::prepare(const gateway::AccessOptions& options) const {
  if (options.off()) return nullptr;
  {
    const std::lock_guard lock{mutex_};
    if (current_ != nullptr && current_->options() == options) return current_;
  }
  return std::make_shared<gateway::AccessLog>(options, gateway_.threads());
}

void ServedAccessLog::use(const std::shared_ptr<gateway::AccessLog>& next) {
  std::shared_ptr<gateway::AccessLog> old;
  {
    const std::lock_guard lock{mutex_};
    if (next == current_) return;
    old = std::exchange(current_, next);
    if (old != nullptr) replaced_.push_back({old, std::chrono::steady_clock::now() + patience_with_disk});
  }
  gateway_.log_access(next);
  if (old != nullptr) old->finish();
}

/// Waits for none: a log that has ended is quickly closed, and one whose time is over is given up.
void ServedAccessLog::end_replaced(TimePoint now) {
  std::erase_if(replaced_, [&](const Replaced& each) {
    if (!each.log->ended() && now < each.until) return false;
    each.log->close(Duration::zero());
    add(before_, each.log->counts());
    return true;
  });
}

bool ServedAccessLog::on_standard_output() const {
  const std::lock_guard lock{mutex_};
  return current_ != nullptr && current_->options().file == "-";
}

void ServedAccessLog::reopen() const {
  const std::lock_guard lock{mutex_};
  if (current_ != nullptr) current_->reopen();
}

gateway::AccessCounts ServedAccessLog::counts() const {
  gateway::AccessCounts all = current_ == nullptr ? gateway::AccessCounts{} : current_->counts();
  for (const Replaced& each : replaced_) add(all, each.log->counts());
  add(all, before_);
  return all;
}

void ServedAccessLog::look_at_clock(TimePoint now) {
  const std::lock_guard lock{mutex_};
  end_replaced(now);
  const gateway::AccessCounts seen = counts();
  report_reopening(seen);
  if (seen.lost != lost_seen_) {
    if (!std::exchange(in_trouble_, true)) {
      lost_before_trouble_ = lost_seen_;
      log_.warn("access log: {}: lines are dropped, and counted",
                seen.error == 0 ? "the disk is too slow" : text_of(seen.error));
    }
    lost_seen_ = seen.lost;
    last_loss_ = now;
  } else if (in_trouble_ && seen.error == 0 && now - last_loss_ >= calm) {
    in_trouble_ = false;
    log_.info("access log: all lines are written again; {} were dropped", seen.lost - lost_before_trouble_);
  }
}

void ServedAccessLog::report_reopening(const gateway::AccessCounts& now) {
  if (std::exchange(reopen_error_, now.reopen_error) == now.reopen_error || now.reopen_error == 0) return;
  log_.warn("access log: the file cannot be opened anew, and lines still go to the old one: {}",
            text_of(now.reopen_error));
}

void ServedAccessLog::close() {
  use(nullptr);
  const std::lock_guard lock{mutex_};
  for (const Replaced& each : replaced_)
    each.log->close(std::max(each.until - std::chrono::steady_clock::now(), Duration::zero()));
  end_replaced(TimePoint::max());
  if (const std::uint64_t lost = counts().lost - lost_seen_; lost != 0 || in_trouble_)
    log_.warn("access log: {} lines were dropped", in_trouble_ ? counts().lost - lost_before_trouble_ : lost);
}

void ServedAccessLog::add_metrics(telemetry::MetricFamilies& to) const {
  const std::lock_guard lock{mutex_};
  const gateway::AccessCounts all = counts();
  to.counter("switchgear_access_log_lines_total", "Lines written to the access log.", {}, all.written);
  to.counter("switchgear_access_log_lost_lines_total",
             "Lines of the access log that were dropped because the disk was slow or full.", {}, all.lost);
}

}  // namespace switchgear::serve
