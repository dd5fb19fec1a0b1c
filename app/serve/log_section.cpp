#include "app/serve/log_section.hpp"

#include <array>
#include <string_view>

namespace switchgear::serve {

namespace {

struct Level {
  std::string_view name;
  spdlog::level::level_enum level;
};

constexpr std::array levels{Level{"info", spdlog::level::info}, Level{"warning", spdlog::level::warn},
                            Level{"error", spdlog::level::err}, Level{"off", spdlog::level::off}};
constexpr std::array<std::string_view, levels.size()> names{levels[0].name, levels[1].name, levels[2].name,
                                                            levels[3].name};

}  // namespace

LogOptions read_log(const config::Value& value, const config::FileContext& /*context*/) {
  LogOptions log;
  config::Section section(value);
  if (const auto level = section.find("level")) {
    if (const auto index = config::OneOf{names}(*level)) log.level = levels[*index].level;
  }
  section.finish();
  return log;
}

}  // namespace switchgear::serve
