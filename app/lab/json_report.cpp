#include "app/lab/json_report.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <string>
#include <string_view>

#include "app/lab/seconds.hpp"

namespace switchgear::lab {

namespace {

/// One object, written as it is built. Boost.JSON only escapes the strings: it prints 4.5 as 4.5E0 and some
/// doubles inexactly.
class Line {
 public:
  Line& text(std::string_view key, std::string_view value) {
    return raw(key, boost::json::serialize(boost::json::string_view(value.data(), value.size())));
  }
  Line& time(std::string_view key, Duration value) { return raw(key, format_seconds(value)); }
  Line& time(std::string_view key, TimePoint value) { return time(key, value.time_since_epoch()); }
  Line& number(std::string_view key, double value) { return raw(key, format_number(value)); }
  Line& count(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }

  [[nodiscard]] std::string take() { return text_ + "}\n"; }

 private:
  Line& raw(std::string_view key, std::string_view value) {
    text_.append(text_.empty() ? "{\"" : ",\"").append(key).append("\":").append(value);
    return *this;
  }

  std::string text_;
};

}  // namespace

void JsonReport::on_operation(const Operation& operation) {
  Line line;
  line.time("at", operation.at).text("op", operation.op);
  if (operation.id) line.text("id", *operation.id);
  if (operation.asks) line.text("decision", operation.rejection ? "rejected" : "admitted");
  if (operation.rejection) {
    line.text("reason", to_string(operation.rejection->reason));
    if (operation.rejection->retry_after) line.time("retry_after", *operation.rejection->retry_after);
  }
  out_ << line.text("state", to_string(operation.state)).take();
}

void JsonReport::on_transition(const Transition& transition) {
  Line line;
  line.time("at", transition.at)
      .text("event", "transition")
      .text("from", to_string(transition.from))
      .text("to", to_string(transition.to))
      .text("rule", to_string(transition.rule))
      .number("value", transition.value)
      .number("threshold", transition.threshold);
  out_ << line.take();
}

void JsonReport::on_adapted(const AdaptedEvent& adapted) {
  Line line;
  line.time("at", adapted.at).text("event", "adapted");
  if (adapted.consecutive_failures > 0) line.count("consecutive_failures", adapted.consecutive_failures);
  line.time("open_duration", adapted.open_duration).number("failure_rate", adapted.failure_rate);
  if (adapted.mean_latency) line.time("mean_latency", *adapted.mean_latency);
  out_ << line.take();
}

void JsonReport::on_end(const ReplaySummary& summary) {
  const CallTotals& totals = summary.breaker.totals;
  Line line;
  line.text("event", "summary")
      .count("calls", totals.calls)
      .count("successes", totals.successes)
      .count("failures", totals.failures)
      .count("slow", totals.slow())
      .count("ignored", totals.ignored)
      .count("rejected", totals.rejected)
      .count("late", totals.late)
      .count("opened", totals.opened)
      .time("time_open", summary.breaker.time_open);
  out_ << line.take();
}

}  // namespace switchgear::lab
