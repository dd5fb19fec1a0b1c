#include "app/serve/log_section.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/history/history_section.hpp"
#include "switchgear/config/source_file.hpp"
#include "switchgear/http/ascii.hpp"

namespace switchgear::serve {

namespace {

using gateway::AccessField;
using gateway::AccessOptions;

constexpr std::array levels{spdlog::level::info, spdlog::level::warn, spdlog::level::err, spdlog::level::off};
constexpr std::array<std::string_view, levels.size()> level_names{"info", "warning", "error", "off"};
constexpr std::array<std::string_view, 2> format_names{"text", "json"};

/// A file that can be made or appended to; `-` is standard output. Its directory must be there: a typing
/// error would otherwise be found when the first line is missed. Other files of the gateway would be spoiled.
struct AppendableFile {
  const config::FileContext& context;

  /// Empty: none.
  [[nodiscard]] std::string problem_of(const std::filesystem::path& path) const {
    std::error_code ignored;
    const std::filesystem::file_type type = std::filesystem::status(path, ignored).type();
    if (type == std::filesystem::file_type::directory)
      return "is a directory; expected a file, or \"-\" for standard output";
    if (type == std::filesystem::file_type::fifo || type == std::filesystem::file_type::socket)
      return "is a pipe or a socket; expected a file, or \"-\" for standard output, which may be a pipe";
    if (config::is_same_file(path.string(), context.file))
      return "is the policy file; expected a file of its own";
    const std::string& history = context.own.get<history::HistoryOptions>().file;
    if (!history.empty() && config::is_same_file(path.string(), history))
      return "is the file of the history; expected a file of its own";
    return {};
  }

  [[nodiscard]] std::optional<std::string> operator()(const config::Value& value) const {
    std::optional<std::string> text = config::Text{}(value);
    if (!text || *text == "-") return text;
    const std::filesystem::path path = std::filesystem::path{context.directory} / *text;
    if (const std::string problem = problem_of(path); !problem.empty()) {
      value.wrong(config::quoted(*text) + " " + problem);
      return std::nullopt;
    }
    std::error_code ignored;
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    if (!std::filesystem::is_directory(parent, ignored)) {
      value.wrong("the directory of \"" + *text + "\" does not exist");
      return std::nullopt;
    }
    return path.string();
  }
};

void read_field(const config::Value& item, AccessOptions& access) {
  constexpr std::string_view prefix = "header:";
  const auto text = config::Text{}(item);
  if (!text) return;
  if (!text->starts_with(prefix)) {
    if (const auto field = config::Named<AccessField>{gateway::access_field_names}(item))
      access.fields.add(*field);
    return;
  }
  std::string name = text->substr(prefix.size());
  if (!http::is_token(name))
    return item.wrong("\"" + *text + "\" names no header; write, for example, header:x-tenant");
  std::transform(name.begin(), name.end(), name.begin(), http::to_lower);
  if (std::find(access.headers.begin(), access.headers.end(), name) == access.headers.end())
    access.headers.push_back(std::move(name));
}

[[nodiscard]] AccessOptions read_access(const config::Value& value, const config::FileContext& context) {
  AccessOptions access;
  access.file = "-";
  config::Section section(value);
  section.read("file", access.file, AppendableFile{context});
  section.read("format", access.format, config::Named<AccessOptions::Format>{format_names});
  section.read("sample", access.sample, config::Number{0, 1});
  if (const auto fields = section.find("fields")) {
    access.fields = {};
    const auto chosen = config::items(*fields, "[time, method, path, status]");
    for (const config::Value& item : chosen) read_field(item, access);
    if (chosen.empty()) fields->wrong("a line needs at least one field");
  }
  section.finish();
  return access;
}

}  // namespace

LogOptions read_log(const config::Value& value, const config::FileContext& context) {
  LogOptions log;
  config::Section section(value);
  if (const auto level = section.find("level")) {
    if (const auto index = config::OneOf{level_names}(*level)) log.level = levels[*index];
  }
  section.read("format", log.format, config::Named<LogFormat>{format_names});
  if (const auto access = section.find("access")) log.access = read_access(*access, context);
  section.finish();
  return log;
}

}  // namespace switchgear::serve
