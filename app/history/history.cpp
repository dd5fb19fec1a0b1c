#include "app/history/history.hpp"

#include <pthread.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <exception>
#include <utility>
#include <variant>

#include "app/history/steps.hpp"
#include "switchgear/registry/breaker_registry.hpp"

namespace switchgear::history {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

/// Events that come within this time are written together.
constexpr auto collecting = 100ms;
/// To open a file that could not be opened.
constexpr Duration most_between_tries = 1min;

[[nodiscard]] Reading clocks() {
  return {std::chrono::steady_clock::now(), std::chrono::system_clock::now()};
}

/// The date of a transition, or of what happened to an instance, is by the wall clock as it was when the
/// program began. Where that has been set since, the date is made anew, so that it agrees with the samples'.
template <class Line>
[[nodiscard]] Line dated(Line line) {
  const Reading now = clocks();
  const WallAnchor::Wall wall = WallAnchor{now.steady, now.wall}.to_wall(line.at);
  const Duration off = WallAnchor::between(line.wall, wall);
  if (off >= 1s || off <= -1s) line.wall = wall;
  return line;
}

/// Keeps the newest of those that are sorted by time.
template <class Line>
void keep_last(std::vector<Line>& lines, std::size_t most) {
  if (lines.size() > most) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
}

}  // namespace

History::History(const HistoryOptions& options, Sources sources, std::shared_ptr<EventQueue> events,
                 std::vector<std::string> tables, spdlog::logger& log, Opening opening)
    : options_(options),
      opening_(opening),
      anchor_(sources.policies.breakers().anchor()),
      further_tables_(std::move(tables)),
      log_(log),
      sampler_(std::move(sources)),
      events_(std::move(events), [this] { asio::post(loop_, [this] { on_events(); }); }),
      thread_([this] { work(); }) {}

History::~History() {
  if (finish(patience_at_end)) return;
  log_.critical("history: {} takes nothing: the process ends without what was not written", options_.file);
  log_.flush();
  std::_Exit(EXIT_FAILURE);
}

void History::open_now() noexcept {
  may_open_ = true;
  may_open_.notify_all();
}

bool History::finish(Duration at_most) {
  ending_ = true;
  open_now();
  asio::post(loop_, [this] { loop_.stop(); });
  return end_.wait_for(at_most) == std::future_status::ready;
}

void History::work() {
  ::pthread_setname_np(::pthread_self(), "history");
  may_open_.wait(false);
  if (opening_ == Opening::when_told && ending_) return ended_.set_value();  // the file is another's still
  open();
  const auto work = asio::make_work_guard(loop_);
  while (!loop_.stopped()) {
    try {
      loop_.run();
    } catch (const std::exception& error) {  // out of memory, most likely
      log_.error("history: {}", error.what());
      wait_for_tick();
    }
  }
  take_events();
  const Reading now = clocks();
  recorder_->add(clock_->finish(now), sampler_.take(now.steady));
  recorder_->flush(TimePoint::max());
  recorder_.reset();
  upkeep_.reset();
  store_.reset();  // here, because closing the file writes as well
  ended_.set_value();
}

void History::open() {
  store_ = std::make_unique<Store>(options_.file, further_tables_, anchor_, log_);
  recorder_ = std::make_unique<Recorder>(*store_, log_);
  const Reading start = clocks();
  upkeep_ = std::make_unique<Upkeep>(options_, *store_, log_, start.steady);
  std::optional<std::chrono::sys_seconds> recorded_until;
  try {
    store_->read([&](const Tables& tables) { recorded_until = tables.recorded_until(); });
  } catch (const std::exception& error) {
    log_.error("history: {} cannot be read: {}", store_->name(), error.what());
  }
  if (recorded_until && *recorded_until - start.wall >= StretchClock::step) {
    log_.warn(
        "history: {} has entries from after the present time; newer ones replace them as it comes to them",
        store_->name());
  }
  clock_ = std::make_unique<StretchClock>(
      std::chrono::duration_cast<std::chrono::seconds>(options_.resolution), start, recorded_until);
  tries_file_ = start.steady + between_tries_;
  publish_counts();
  publish_problem();
  wait_for_tick();
}

void History::try_file(TimePoint now) {
  if (store_->problem().empty() || now < tries_file_) return;
  between_tries_ = std::min(2 * between_tries_, most_between_tries);
  tries_file_ = now + between_tries_;
  (void)store_->try_file();
  publish_problem();
}

void History::publish_problem() {
  const std::lock_guard lock{problem_mutex_};
  problem_ = store_->problem();
  not_written_ = recorder_->problem();
}

HistoryStanding History::standing() const {
  const std::lock_guard lock{problem_mutex_};
  return {options_.file, problem_, not_written_};
}

void History::on_events() {
  if (std::exchange(soon_is_set_, true)) return;
  soon_.expires_after(collecting);
  soon_.async_wait([this](const boost::system::error_code& error) {
    soon_is_set_ = false;
    if (error) return;
    take_events();
    flush();
  });
}

void History::take_events() {
  for (auto batch = events_.read(); !batch.empty(); batch = events_.read()) {
    if (batch.lost > 0) {
      events_lost_ += batch.lost;
      log_.warn("history: {} events came too fast, and are not in it", batch.lost);
    }
    for (const auto& event : batch.events) {
      if (const auto* transition = std::get_if<LoggedTransition>(event.get()))
        recorder_->add(dated(*transition));
      if (const auto* level = std::get_if<LoggedLevel>(event.get())) {
        const Reading now = clocks();
        recorder_->add(TimedLevel{WallAnchor{now.steady, now.wall}.to_wall(level->change.at), *level});
      }
      if (const auto* instance = std::get_if<LoggedInstance>(event.get())) recorder_->add(dated(*instance));
      if (const auto* command = std::get_if<LoggedCommand>(event.get());
          command != nullptr && is_kept(*command))
        recorder_->add(TimedCommand{clocks().wall, *command});
    }
  }
}

/// Any client can have commands refused, so that only so many of these are kept a minute.
bool History::is_kept(const LoggedCommand& command) {
  if (command.result == CommandResult::done) return true;
  const TimePoint now = clocks().steady;
  if (now - refusals_since_ >= std::chrono::minutes{1}) {
    refusals_since_ = now;
    refusals_ = 0;
  }
  return ++refusals_ <= most_refusals;
}

void History::tick() {
  const Reading now = clocks();
  const StretchClock::Tick tick = clock_->tick(now);
  if (tick.set != Duration::zero()) {
    upkeep_->clock_was_set(now.steady);
    log_.warn("history: the wall clock was set {} by {:.0f} s; {}",
              tick.set > Duration::zero() ? "forward" : "back", std::abs(to_seconds(tick.set)),
              tick.set > Duration::zero() ? "there is a gap" : "what was recorded for that time is replaced");
  }
  if (tick.ended) recorder_->add(*tick.ended, sampler_.take(now.steady));
  try_file(now.steady);
  flush();
  if (tick.ended && !recorder_->failing()) {
    try {
      upkeep_->run(now);
    } catch (const std::exception& error) {
      log_.error("history: {} cannot be tidied up: {}", store_->name(), error.what());
    }
  }
  publish_counts();
  wait_for_tick();
}

void History::wait_for_tick() {
  const Reading now = clocks();
  TimePoint next = now.steady + clock_->until_next(now);
  if (const auto retry = recorder_->retry_at()) next = std::min(next, std::max(*retry, now.steady));
  if (!store_->problem().empty()) next = std::min(next, std::max(tries_file_, now.steady));
  tick_.expires_at(next);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void History::flush() {
  const std::uint64_t failures = recorder_->failures();
  const bool failed = recorder_->failing();
  recorder_->flush(clocks().steady);
  if (failed != recorder_->failing() || failures != recorder_->failures()) publish_problem();
  publish_counts();
}

void History::publish_counts() {
  written_ = recorder_->written();
  failures_ = recorder_->failures();
  lost_ = recorder_->lost() + events_lost_;
  in_memory_ = store_->in_memory();
  try {
    store_->read([this](const Tables& tables) { bytes_ = tables.used_bytes(); });
  } catch (const std::exception&) {
    bytes_ = 0;  // nothing is said here: the next write fails as well, and that is logged
  }
}

HistoryCounts History::counts() const noexcept { return {written_, failures_, lost_, bytes_, in_memory_}; }

template <class Result>
Result History::ask(std::function<Result()> question) {
  constexpr const char* busy = "the history does not answer; its disk may hang";
  if (late_) throw Busy{busy};
  const auto task = std::make_shared<std::packaged_task<Result()>>(std::move(question));
  std::future<Result> answer = task->get_future();
  asio::post(loop_, [this, task] {
    (*task)();
    late_ = false;
  });
  if (answer.wait_for(patience) != std::future_status::ready) {
    late_ = true;
    // If the answer has come meanwhile, the thread may have reset the flag before it was set.
    if (answer.wait_for(0s) != std::future_status::ready) throw Busy{busy};
    late_ = false;
  }
  return answer.get();
}

CircuitHistory History::read(std::string_view circuit, WallAnchor::Wall from, WallAnchor::Wall to,
                             std::chrono::seconds step) {
  return ask<CircuitHistory>([this, name = std::string{circuit}, from, to, step] {
    take_events();
    flush();
    CircuitHistory found;
    store_->read([&](const Tables& tables) { found = tables.read(name, from, to); });
    recorder_->pending().add_to(found, from, to);
    if (step > 0s) found.samples = by_step(found.samples, step);
    return found;
  });
}

std::vector<std::string> History::circuits() {
  return ask<std::vector<std::string>>([this] {
    std::vector<std::string> found;
    store_->read([&](const Tables& tables) { found = tables.circuits(); });
    return found;
  });
}

std::vector<LoggedInstance> History::instances(std::string_view service, WallAnchor::Wall from,
                                               WallAnchor::Wall to) {
  return ask<std::vector<LoggedInstance>>([this, name = std::string{service}, from, to] {
    take_events();
    flush();
    std::vector<LoggedInstance> found;
    store_->read([&](const Tables& tables) { found = tables.instances(name, from, to, most_instances); });
    recorder_->pending().add_to(found, name, from, to);
    keep_last(found, most_instances);
    return found;
  });
}

std::vector<TimedCommand> History::commands(const std::optional<std::string>& circuit, WallAnchor::Wall from,
                                            WallAnchor::Wall to) {
  return ask<std::vector<TimedCommand>>([this, circuit, from, to] {
    take_events();
    flush();
    std::vector<TimedCommand> found;
    store_->read([&](const Tables& tables) { found = tables.commands(circuit, from, to, most_commands); });
    recorder_->pending().add_to(found, circuit, from, to);
    keep_last(found, most_commands);
    return found;
  });
}

std::future<void> History::run(Store::Job job) {
  const auto task = std::make_shared<std::packaged_task<void()>>(
      [this, job = std::move(job)] { store_->write(job, Store::Lasting::past_the_machine); });
  std::future<void> done = task->get_future();
  asio::post(loop_, [task] { (*task)(); });
  return done;
}

}  // namespace switchgear::history
