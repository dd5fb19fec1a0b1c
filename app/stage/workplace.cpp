#include "app/stage/workplace.hpp"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <system_error>

namespace switchgear::stage {

namespace {
constexpr auto start_patience = std::chrono::seconds{20};
}  // namespace

std::uint16_t number_after(std::string_view line, std::string_view key) {
  std::uint16_t number = 0;
  if (const auto at = line.find(key); at != std::string_view::npos) {
    std::from_chars(line.data() + at + key.size(), line.data() + line.size(), number);
  }
  return number;
}

Workplace::Workplace(std::string_view name) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  const char* const told = std::getenv("TMPDIR");
  if (error) {
    throw Broken(std::string("the folder for temporary files, ") + (told == nullptr ? "/tmp" : told) + ": " +
                 error.message() + "; set TMPDIR to one that can be used");
  }
  std::string path = (parent / ("switchgear-" + std::string{name} + "-XXXXXX")).string();
  if (::mkdtemp(path.data()) == nullptr) {
    const std::error_code why{errno, std::generic_category()};
    throw Broken(parent.string() + ": a folder cannot be made there: " + why.message() +
                 "; set TMPDIR to one that can be used");
  }
  directory_ = path;
  cleaner_.emplace(directory_);
}

Workplace::~Workplace() {
  std::error_code ignored;
  if (cleaner_) std::filesystem::remove_all(directory_, ignored);
}

void Workplace::keep() noexcept { cleaner_.reset(); }

std::string Workplace::write(const std::string& name, std::string_view text) const {
  std::string path = (directory_ / name).string();
  std::ofstream file{path, std::ios::binary};
  file << text << std::flush;
  if (!file) throw Broken(path + ": cannot be written");
  return path;
}

std::string Workplace::log_of(const std::string& name) const {
  return (directory_ / (name + ".log")).string();
}

Started Workplace::start(const std::string& name, const std::vector<std::string>& arguments,
                         const std::string& ready, const std::string& where) {
  try {
    Started started{std::make_unique<ChildProcess>(name, arguments, log_of(name)), {}};
    auto line = started.process->wait_for_line(ready, std::chrono::steady_clock::now() + start_patience);
    if (!line) broken(*started.process, "did not start" + where);
    started.ready = std::move(*line);
    return started;
  } catch (const std::system_error& problem) {
    throw Broken(problem.what());
  }
}

void Workplace::broken(ChildProcess& process, const std::string& what) {
  std::string message = process.name() + " " + what;
  if (!process.running()) message += " (" + process.how_it_ended() + ")";
  process.end();
  std::ifstream log{log_of(process.name())};
  std::string line;
  std::string last;
  while (std::getline(log, line)) last = line;
  if (!last.empty()) message += "; it said: " + last;
  keep();
  throw Broken(message + "; logs are in " + directory_.string());
}

}  // namespace switchgear::stage
