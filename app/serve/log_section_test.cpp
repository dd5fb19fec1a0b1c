#include "app/serve/log_section.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "app/serve/own_sections.hpp"
#include "switchgear/config/loading_fixture.hpp"

namespace switchgear::serve {
namespace {

config::Loaded load(const std::string& log) {
  return config::load_text("version: 1\nlog: " + log + "\n", "f.yaml", ".", own_sections());
}

TEST(LogSection, SetsTheLevel) {
  EXPECT_EQ(load("{level: error}").config->own.get<LogOptions>().level, spdlog::level::err);
  EXPECT_EQ(load("{level: off}").config->own.get<LogOptions>().level, spdlog::level::off);
  EXPECT_EQ(load("{}").config->own.get<LogOptions>().level, spdlog::level::info);
}

TEST(LogSection, LocatesWhatIsWrong) {
  EXPECT_EQ(config::lines_of(load("{level: loud}").errors),
            std::vector<std::string>{"f.yaml:2:14: log.level: \"loud\" is not known; expected info, warning, "
                                     "error or off"});
  EXPECT_EQ(config::lines_of(load("{levl: info}").errors),
            std::vector<std::string>{"f.yaml:2:7: log.levl: unknown key; did you mean \"level\"?"});
}

TEST(LogSection, ReadsTheFormatOfBothLogs) {
  const LogOptions log = load("{format: json, access: {format: json}}").config->own.get<LogOptions>();
  EXPECT_EQ(log.format, LogFormat::json);
  EXPECT_EQ(log.access.format, gateway::AccessOptions::Format::json);
  EXPECT_EQ(log.access.file, "-");
  EXPECT_TRUE(load("{}").config->own.get<LogOptions>().access.off());
  EXPECT_TRUE(load("{access: {sample: 0}}").config->own.get<LogOptions>().access.off());
}

TEST(LogSection, ChoosesFieldsAndHeadersByName) {
  const gateway::AccessOptions access =
      load("{access: {fields: [time, query, \"header:X-Tenant\", \"header:x-tenant\"]}}")
          .config->own.get<LogOptions>()
          .access;
  EXPECT_TRUE(access.fields.has(gateway::AccessField::query));
  EXPECT_FALSE(access.fields.has(gateway::AccessField::path));
  EXPECT_EQ(access.headers, std::vector<std::string>{"x-tenant"});
  const gateway::AccessFields usual = load("{access: {}}").config->own.get<LogOptions>().access.fields;
  EXPECT_FALSE(usual.has(gateway::AccessField::query)) << "may hold secrets";
  EXPECT_FALSE(usual.has(gateway::AccessField::user_agent));
}

TEST(LogSection, LooksForAFileBesideThePolicyFileAndForItsDirectoryAtOnce) {
  config::TemporaryDirectory directory;
  const std::string file = directory.write("f.yaml", "version: 1\nlog: {access: {file: access.log}}\n");
  const std::string place = std::filesystem::path{file}.parent_path().string();
  const config::Loaded loaded = config::load_file(file, config::FileKind::any, own_sections());
  EXPECT_EQ(loaded.config.value().own.get<LogOptions>().access.file, place + "/access.log");
  EXPECT_EQ(config::lines_of(load("{access: {file: absent/access.log}}").errors),
            std::vector<std::string>{
                "f.yaml:2:22: log.access.file: the directory of \"absent/access.log\" does not exist"});
  EXPECT_EQ(
      config::lines_of(load("{access: {file: /tmp}}").errors),
      std::vector<std::string>{"f.yaml:2:22: log.access.file: \"/tmp\" is a directory; expected a file, or "
                               "\"-\" for standard output"});
}

TEST(LogSection, FindsAFileBesideAPolicyFileThatIsNamedWithoutADirectory) {
  config::TemporaryDirectory directory;
  const std::string file = directory.write("f.yaml", "version: 1\nlog: {access: {file: access.log}}\n");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(std::filesystem::path{file}.parent_path());
  const config::Loaded loaded = config::load_file("f.yaml", config::FileKind::any, own_sections());
  std::filesystem::current_path(before);
  EXPECT_EQ(config::lines_of(loaded.errors), std::vector<std::string>{});
  EXPECT_EQ(loaded.config.value().own.get<LogOptions>().access.file, "access.log");
}

TEST(LogSection, RefusesAFileThatIsAnotherOneOfTheGatewayOrAPipe) {
  const config::TemporaryDirectory directory;
  const auto error_of = [&](const std::string& access, const std::string& rest = "") {
    const std::string file =
        directory.write("f.yaml", "version: 1\nlog: {access: {file: " + access + "}}\n" + rest);
    const config::Loaded loaded = config::load_file(file, config::FileKind::any, own_sections());
    return loaded.errors.empty() ? std::string{} : loaded.errors[0].message;
  };
  EXPECT_EQ(error_of("f.yaml"), "log.access.file: \"f.yaml\" is the policy file; expected a file of its own");
  std::filesystem::create_symlink("f.yaml", directory.path() + "/link");
  EXPECT_EQ(error_of("link"), "log.access.file: \"link\" is the policy file; expected a file of its own");
  const std::string of_history =
      "log.access.file: \"x/../h.db\" is the file of the history; expected a file of its own";
  std::filesystem::create_directory(directory.path() + "/x");
  EXPECT_EQ(error_of("x/../h.db", "history: {file: h.db}\n"), of_history) << "which is not there yet";
  directory.write("h.db", "");
  EXPECT_EQ(error_of("x/../h.db", "history: {file: h.db}\n"), of_history);
  EXPECT_EQ(error_of("h2.db", "history: {file: h.db}\n"), "");
  EXPECT_EQ(error_of("a.log", "history: {file: f.yaml}\n"),
            "history.file: \"f.yaml\" is the policy file; expected a file of its own");
  ASSERT_EQ(::mkfifo((directory.path() + "/pipe").c_str(), S_IRUSR | S_IWUSR), 0);
  EXPECT_EQ(error_of("pipe"),
            "log.access.file: \"pipe\" is a pipe or a socket; expected a file, or \"-\" for standard output, "
            "which may be a pipe");
}

TEST(LogSection, LocatesWhatIsWrongWithTheAccessLog) {
  EXPECT_EQ(config::lines_of(load("{access: {fields: [tim]}}").errors).size(), 1U);
  EXPECT_EQ(config::lines_of(load("{access: {fields: [\"header:x y\"]}}").errors),
            std::vector<std::string>{
                "f.yaml:2:25: log.access.fields[0]: \"header:x y\" names no header; write, for "
                "example, header:x-tenant"});
  EXPECT_EQ(config::lines_of(load("{access: {fields: []}}").errors),
            std::vector<std::string>{"f.yaml:2:24: log.access.fields: a line needs at least one field"});
  EXPECT_EQ(config::lines_of(load("{access: {sample: 2}}").errors).size(), 1U);
}

TEST(LogSection, IsPassedOverByAProgramThatSharesTheFile) {
  EXPECT_EQ(config::errors_of("version: 1\nlog: {level: error}\n"), std::vector<std::string>{});
}

}  // namespace
}  // namespace switchgear::serve
