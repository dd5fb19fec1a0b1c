#include "switchgear/a2a/client/stream_core.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <cstdint>
#include <utility>
#include <variant>

#include "switchgear/a2a/wire/read.hpp"
#include "switchgear/core/rejected.hpp"
#include "switchgear/http/error.hpp"

namespace switchgear::a2a {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

[[nodiscard]] bool same_content(const Part& one, const Part& other) {
  if (one.content.index() != other.content.index()) return false;
  if (one.text() != nullptr) return *one.text() == *other.text();
  if (const auto* const raw = std::get_if<Raw>(&one.content))
    return raw->bytes == std::get<Raw>(other.content).bytes;
  if (const auto* const file = std::get_if<FileUrl>(&one.content))
    return file->url == std::get<FileUrl>(other.content).url;
  return std::get<boost::json::value>(one.content) == std::get<boost::json::value>(other.content);
}

}  // namespace

void ChunkFilter::resynchronise(const Task& task) {
  known_.clear();
  for (const Artifact& artifact : task.artifacts) known_[artifact.artifact_id] = artifact.parts;
}

bool ChunkFilter::admit(const TaskArtifactUpdateEvent& event) {
  const auto known = known_.find(event.artifact.artifact_id);
  if (known == known_.end()) return true;
  const std::vector<Part>& whole = known->second;
  const std::vector<Part>& chunk = event.artifact.parts;
  const bool fits = event.append ? chunk.size() <= whole.size() : chunk.size() == whole.size();
  const bool repeats = fits && !chunk.empty() &&
                       std::equal(chunk.begin(), chunk.end(),
                                  whole.end() - static_cast<std::ptrdiff_t>(chunk.size()), same_content);
  if (!repeats) known_.erase(known);
  return !repeats;
}

StreamCore::StreamCore(std::shared_ptr<AgentCore> agent, AskAgent ask, Reply opened, std::uint64_t seed)
    : agent_(std::move(agent)),
      ask_(std::move(ask)),
      at_hand_(std::move(opened.result)),
      stream_(std::move(opened.stream)),
      from_(std::move(opened.from)),
      random_(seed),
      until_(saturating_add(steady_clock::now(), agent_->options().task_limit)) {}

asio::awaitable<std::optional<StreamResponse>> StreamCore::next() {
  const auto self = shared_from_this();
  while (!over_) {
    const std::optional<boost::json::value> value = co_await receive();
    if (!value) break;
    StreamResponse event = read(*value);
    attempts_ = 0;
    if (note(event)) co_return event;
  }
  over_ = true;
  co_return std::nullopt;
}

/// The next event, of this connection or of one after it.
asio::awaitable<std::optional<boost::json::value>> StreamCore::receive() {
  for (;;) {
    if (at_hand_) co_return std::exchange(at_hand_, std::nullopt);
    std::exception_ptr broken;
    FailureType how = FailureType::connection_error;
    if (stream_) {
      const Duration left = saturating_sub(until_, steady_clock::now());
      try {
        const std::optional<std::string> data =
            co_await stream_->next(std::clamp(left, Duration{1}, agent_->options().stream_idle));
        if (data) co_return wire::decode({200, *data, {}}, from_->binding, agent_->name());
      } catch (const http::Error&) {
        broken = std::current_exception();
      } catch (const Error& error) {
        if (error.code() != Errc::stream_idle) {
          over_ = true;
          throw;
        }
        broken = std::current_exception();
        how = FailureType::timeout;
      }
    }
    stream_.reset();
    if (task_id_.empty()) {  // the answer was a single one: nothing more is to come
      if (broken) give_up("it broke before its task was known", broken);
      co_return std::nullopt;
    }
    if (from_) agent_->note_broken_stream(*from_, how);
    co_await take_up_again();
  }
}

asio::awaitable<void> StreamCore::take_up_again() {
  std::exception_ptr last;
  const ResubscribeOptions& options = agent_->options().resubscribe;
  while (attempts_ < options.max_attempts && steady_clock::now() < until_) {
    const Duration most =
        std::min<Duration>(options.max_delay, options.base * (1LL << std::min(attempts_, 20U)));
    ++attempts_;
    co_await wait(uniform_between(random_, Duration::zero(), most));
    try {
      if (co_await resubscribe()) co_return;
    } catch (const Error& error) {
      if (error.code() == Errc::task_not_found) {
        over_ = true;
        throw;
      }
      last = std::current_exception();
    } catch (const http::Error&) {
      last = std::current_exception();
    } catch (const Rejected&) {
      last = std::current_exception();
    }
  }
  give_up("task '" + task_id_ + "' may go on at the agent; ask for it later", last);
}

/// True: events follow. False: the agent does not offer that, and the task goes on.
asio::awaitable<bool> StreamCore::resubscribe() {
  bool refused = false;
  try {
    Reply reply = co_await ask_(wire::Method::subscribe_to_task, task_id_);
    at_hand_ = std::move(reply.result);
    stream_ = std::move(reply.stream);
    from_ = std::move(reply.from);
    resynchronises_ = true;
    ++resubscriptions_;
    co_return true;
  } catch (const Error& error) {
    // The protocol's answer when the task has ended.
    refused = error.code() == Errc::unsupported_operation || error.code() == Errc::invalid_params ||
              error.code() == Errc::invalid_request || error.code() == Errc::internal_error;
    if (!refused) throw;
  }
  Reply reply = co_await ask_(wire::Method::get_task, task_id_);
  const std::optional<TaskState> state = wire::state_in(reply.result);
  if (!state || !(is_terminal(*state) || is_interrupted(*state))) co_return false;
  at_hand_ = to_json_of_end(reply);
  resynchronises_ = true;
  co_return true;
}

/// GetTask gives the task itself; an event of a stream names it.
boost::json::value StreamCore::to_json_of_end(const Reply& reply) {
  if (reply.result.is_object() && reply.result.get_object().contains("kind")) return reply.result;
  boost::json::object event;
  event["task"] = reply.result;
  return event;
}

asio::awaitable<void> StreamCore::wait(Duration delay) {
  if (delay <= Duration::zero()) co_return;
  asio::steady_timer timer(agent_->executor(), delay);
  co_await timer.async_wait(asio::use_awaitable);
}

StreamResponse StreamCore::read(const boost::json::value& value) const {
  try {
    return wire::read_stream_response(value);
  } catch (const wire::Malformed& wrong) {
    throw Error(Errc::malformed,
                "agent '" + agent_->name() + "': an event of its stream cannot be read: " + wrong.what());
  }
}

/// False: the caller has it already.
bool StreamCore::note(const StreamResponse& event) {
  const bool first_after_break = std::exchange(resynchronises_, false);
  if (const auto* const task = std::get_if<Task>(&event)) {
    task_id_ = task->id;
    state_ = task->status.state;
    if (first_after_break) chunks_.resynchronise(*task);
  } else if (const auto* const update = std::get_if<TaskStatusUpdateEvent>(&event)) {
    task_id_ = update->task_id;
    state_ = update->status.state;
    if (update->final) over_ = true;
  } else if (const auto* const chunk = std::get_if<TaskArtifactUpdateEvent>(&event)) {
    task_id_ = chunk->task_id;
    return chunks_.admit(*chunk);
  } else {
    over_ = true;  // a message is the whole answer
  }
  if (is_terminal(state_) || is_interrupted(state_)) over_ = true;
  if (over_) stream_.reset();
  return true;
}

void StreamCore::give_up(const std::string& why, const std::exception_ptr& cause) {
  over_ = true;
  std::string text =
      "agent '" + agent_->name() + "': the stream broke, and could not be taken up again: " + why;
  try {
    if (cause) std::rethrow_exception(cause);
  } catch (const std::exception& thrown) {
    text += " (" + std::string(thrown.what()) + ")";
  }
  Error error(Errc::stream_broken, std::move(text));
  error.set_may_have_run(true);
  throw error;
}

}  // namespace switchgear::a2a
