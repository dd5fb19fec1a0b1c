#include "app/stage/kept_process.hpp"

#include <utility>

namespace switchgear::stage {
namespace {

constexpr unsigned most_starts = 10;

}  // namespace

KeptProcess::KeptProcess(Workplace& workplace, std::string name, std::string ready)
    : workplace_(workplace), name_(std::move(name)), ready_(std::move(ready)) {}

void KeptProcess::start_again_with(std::vector<std::string> words, std::string where) {
  words_ = std::move(words);
  where_ = std::move(where);
}

/// Each start has a log of its own.
std::string KeptProcess::start(std::vector<std::string> words, const std::string& where) {
  const std::string log = starts_ == 0 ? name_ : name_ + "-" + std::to_string(starts_ + 1);
  ++starts_;
  words_ = std::move(words);
  Started started = workplace_.start(log, words_, ready_, where);
  process_ = std::move(started.process);
  return std::move(started.ready);
}

std::optional<std::string> KeptProcess::look() {
  if (given_up_ || process_->running()) return std::nullopt;
  given_up_ = true;  // unless it starts
  if (starts_ == most_starts) broken("ends again and again");
  const std::string how = process_->how_it_ended();
  std::string text = "was ended (" + how + "), and is started again";
  if (!process_->was_told_to_end()) {
    failed_ = true;
    workplace_.keep();
    text =
        "ended by itself (" + how + "), and is started again; logs are in " + workplace_.directory().string();
  }
  static_cast<void>(start(words_, where_));
  given_up_ = false;
  return text;
}

std::string KeptProcess::end_and_start_again() {
  failed_ = true;
  process_->end();
  static_cast<void>(start(words_, where_));
  return "did not answer: it was ended, and is started again";
}

}  // namespace switchgear::stage
