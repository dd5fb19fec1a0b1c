#include "app/serve/log_format.hpp"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>

#include <memory>
#include <string_view>

#include "app/gateway/access/escaped.hpp"
#include "app/gateway/access/text_buffer.hpp"

namespace switchgear::serve {

namespace {

constexpr const char* time_pattern = "%Y-%m-%dT%H:%M:%S.%e%z";

/// spdlog calls it under the lock of the sink that owns it.
class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& to) override {
    const std::string_view text{message.payload.data(), message.payload.size()};
    const spdlog::string_view_t level = spdlog::level::to_string_view(message.level);
    line_.clear();
    if (format_ == LogFormat::text) {
      time_.format(message, to);
      line_.append(" ").append({level.data(), level.size()}).append(" ");
      gateway::append_on_one_line(line_, text);
    } else {
      append(to, R"({"time":")");
      time_.format(message, to);
      line_.append(R"(","level":")").append({level.data(), level.size()}).append(R"(","message":)");
      gateway::append_json(line_, text);
      line_.append('}');
    }
    line_.append('\n');
    append(to, line_.view());
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  static void append(spdlog::memory_buf_t& to, std::string_view text) {
    to.append(text.data(), text.data() + text.size());
  }

  const LogFormat format_;
  spdlog::pattern_formatter time_{time_pattern, spdlog::pattern_time_type::local, ""};
  gateway::TextBuffer line_;
};

}  // namespace

void set_format(spdlog::logger& log, LogFormat format) {
  log.set_formatter(std::make_unique<LineFormatter>(format));
}

void apply(const LogOptions& options, spdlog::logger& log) {
  set_format(log, options.format);
  log.set_level(options.level);
}

}  // namespace switchgear::serve
