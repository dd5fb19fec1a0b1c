#include "app/history/history_section.hpp"

#include <filesystem>
#include <string>

#include "switchgear/config/size.hpp"
#include "switchgear/config/source_file.hpp"

namespace switchgear::history {

namespace {

using namespace std::chrono_literals;

constexpr Duration least_kept = 1h;
constexpr Duration most_kept = 24h * 90;
constexpr std::uint64_t least_size = std::uint64_t{8} * 1024 * 1024;
constexpr std::uint64_t most_size = std::uint64_t{64} * 1024 * 1024 * 1024;

[[nodiscard]] std::string read_path(const config::Value& value, const config::FileContext& context) {
  const auto text = config::Text{}(value);
  if (!text) return {};
  std::string path = (std::filesystem::path{context.directory} / *text).lexically_normal().string();
  if (config::is_same_file(path, context.file))
    value.wrong(config::quoted(*text) + " is the policy file; expected a file of its own");
  return path;
}

}  // namespace

HistoryOptions read_history(const config::Value& value, const config::FileContext& context) {
  HistoryOptions history;
  config::Section section(value);
  if (const auto file = section.find("file")) history.file = read_path(*file, context);
  section.read("keep", history.keep, config::Length{least_kept, most_kept});
  if (const auto resolution = section.find("resolution")) {
    if (const auto length = config::Length{1s, 60s}(*resolution)) {
      if (Duration{60s} % *length != Duration::zero() || *length % Duration{1s} != Duration::zero()) {
        resolution->wrong("does not divide a minute; use 1s, 2s, 5s, 10s, 15s, 20s, 30s or 60s");
      } else {
        history.resolution = *length;
      }
    }
  }
  if (const auto size = section.find("max_size")) {
    if (const auto bytes = config::Size{}(*size)) {
      if (*bytes < least_size || *bytes > most_size) {
        size->wrong("must be from " + config::format_size(least_size) + " to " +
                    config::format_size(most_size));
      } else {
        history.max_size = *bytes;
      }
    }
  }
  section.finish();
  return history;
}

}  // namespace switchgear::history
