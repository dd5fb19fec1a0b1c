#include "app/history/history_metrics.hpp"

#include "app/history/history.hpp"

namespace switchgear::history {

boost::json::object history_json(const HistoryStanding& standing) {
  const bool in_file = !standing.file.empty() && standing.problem.empty();
  boost::json::object made{{"file", nullptr}, {"kept", in_file ? "file" : "memory"}, {"problem", nullptr}};
  if (!standing.file.empty()) made["file"] = standing.file;
  if (!standing.problem.empty()) {
    made["problem"] = standing.problem;
  } else if (!standing.not_written.empty()) {
    made["problem"] = "it cannot be written: " + standing.not_written;
  }
  return made;
}

void add_history(telemetry::MetricFamilies& to, const HistoryCounts& counts) {
  to.counter("switchgear_history_writes_total", "Transactions written to the history.", {}, counts.written);
  to.counter("switchgear_history_write_failures_total",
             "Transactions of the history that failed; what they had is kept in memory.", {},
             counts.failures);
  to.counter("switchgear_history_lost_total",
             "Lines that are not in the history: too many came at once, or the disk was away too long.", {},
             counts.lost);
  to.gauge("switchgear_history_bytes", "Size of the history; 0 while its file cannot be read.", {},
           static_cast<double>(counts.bytes));
  to.gauge("switchgear_history_in_memory", "1 if the history is kept in memory alone.", {},
           counts.in_memory ? 1 : 0);
}

}  // namespace switchgear::history
