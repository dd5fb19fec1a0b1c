#include "app/shop/kept_server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <string_view>
#include <thread>
#include <utility>

#include "switchgear/core/time.hpp"

namespace switchgear::shop {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 20s;
constexpr auto between_looks = 20ms;
constexpr auto between_tries = 200ms;
constexpr Duration patience_with_leftovers = 5s;
constexpr unsigned most_starts = 10;

/// The last lines of a log often say only that the server ends; why stands before them.
std::string complaint_in(const std::filesystem::path& log) {
  constexpr std::array<std::string_view, 7> words{"ould not", "cannot",   "FATAL", "PANIC",
                                                  "rror",     "too long", "ailed"};
  constexpr std::size_t most = 400;
  std::ifstream in{log};
  std::string last, complaints;
  for (std::string line; std::getline(in, line);) {
    if (line.empty()) continue;
    last = line;
    if (complaints.size() > most || complaints.find(line) != complaints.npos) continue;  // tried again
    if (std::ranges::any_of(words, [&](std::string_view word) { return line.find(word) != line.npos; }))
      complaints += (complaints.empty() ? "" : "; ") + line;
  }
  if (!complaints.empty()) return complaints;
  return last.empty() ? "nothing" : last;
}

}  // namespace

void complain(stage::Workplace& workplace, const std::string& what, const std::filesystem::path& log) {
  workplace.keep();
  throw stage::Broken(what + "; it said: " + complaint_in(log) + "; logs are in " +
                      workplace.directory().string());
}

KeptServer::KeptServer(stage::Workplace& workplace, std::string name, std::vector<std::string> command,
                       std::uint16_t port)
    : workplace_(workplace), name_(std::move(name)), command_(std::move(command)), port_(port) {
  start();
}

/// Of PostgreSQL a killed server's other processes hold its memory until they have noticed, and a new one
/// does not start before: a second start is tried again.
void KeptServer::start() {
  ++starts_;
  log_ = workplace_.directory() / (name_ + (starts_ == 1 ? "" : "-" + std::to_string(starts_)) + ".log");
  process_ = std::make_unique<ServerProcess>(command_, log_);
  const auto begun = std::chrono::steady_clock::now();
  for (; !listens(port_); std::this_thread::sleep_for(between_looks)) {
    const bool runs = process_->running();
    const Duration most = runs ? patience : starts_ == 1 ? Duration{0} : patience_with_leftovers;
    if (std::chrono::steady_clock::now() - begun > most)
      complain(workplace_, name_ + (starts_ == 1 ? " did not start" : " did not start again"), log_);
    if (runs) continue;
    std::this_thread::sleep_for(between_tries);
    process_ = std::make_unique<ServerProcess>(command_, log_);
  }
}

std::optional<Happened> KeptServer::look() {
  if (given_up_ || process_->running()) return std::nullopt;
  given_up_ = true;  // unless it starts
  const std::string how = process_->how_it_ended();
  if (starts_ == most_starts) complain(workplace_, name_ + " ends again and again (" + how + ")", log_);
  std::string what = "was ended (" + how + "), and is started again";
  if (!process_->was_told_to_end()) {
    failed_ = true;
    workplace_.keep();
    what =
        "ended by itself (" + how + "), and is started again; logs are in " + workplace_.directory().string();
  }
  start();
  given_up_ = false;
  return Happened{name_, what};
}

}  // namespace switchgear::shop
