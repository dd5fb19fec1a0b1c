// What an EventStream is made of: the connection at hand, what is known of the task, and how it goes on when
// the connection has broken.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "switchgear/a2a/client/agent_core.hpp"
#include "switchgear/a2a/message.hpp"
#include "switchgear/core/random.hpp"
#include "switchgear/core/time.hpp"

namespace switchgear::a2a {

/// Leaves out the chunks of artifacts that a Task, given after a stream was taken up again, has already: an
/// agent may tell of a chunk between the moment for which the Task stands and the one at which the stream
/// begins. Of each artifact, chunks that repeat the end of it are left out until one comes that does not.
class ChunkFilter {
 public:
  void resynchronise(const Task& task);
  /// Whether it is new.
  [[nodiscard]] bool admit(const TaskArtifactUpdateEvent& event);

 private:
  std::map<std::string, std::vector<Part>> known_;  ///< artifacts whose next chunk may be a repetition
};

/// Makes a call through the client's policies: SubscribeToTask, GetTask.
using AskAgent = std::function<boost::asio::awaitable<Reply>(wire::Method, std::string task_id)>;

class StreamCore : public std::enable_shared_from_this<StreamCore> {
 public:
  StreamCore(std::shared_ptr<AgentCore> agent, AskAgent ask, Reply opened, std::uint64_t seed);

  [[nodiscard]] boost::asio::awaitable<std::optional<StreamResponse>> next();
  [[nodiscard]] const std::string& task_id() const noexcept { return task_id_; }
  [[nodiscard]] unsigned resubscriptions() const noexcept { return resubscriptions_; }

 private:
  using Event = std::optional<StreamResponse>;

  [[nodiscard]] boost::asio::awaitable<std::optional<boost::json::value>> receive();
  [[nodiscard]] boost::asio::awaitable<void> take_up_again();
  [[nodiscard]] boost::asio::awaitable<bool> resubscribe();
  [[nodiscard]] boost::asio::awaitable<void> wait(Duration delay);
  [[nodiscard]] boost::json::value to_json_of_end(const Reply& reply);
  [[nodiscard]] StreamResponse read(const boost::json::value& value) const;
  [[nodiscard]] bool note(const StreamResponse& event);
  [[noreturn]] void give_up(const std::string& why, const std::exception_ptr& cause);

  std::shared_ptr<AgentCore> agent_;
  AskAgent ask_;
  std::optional<boost::json::value> at_hand_;  ///< an event that has come with the answer
  std::shared_ptr<SseConnection> stream_;
  std::optional<AgentInterface> from_;
  Random random_;
  TimePoint until_;
  std::string task_id_;
  TaskState state_ = TaskState::unspecified;
  bool over_ = false;
  bool resynchronises_ = false;  ///< the next event is the first one after a break
  unsigned attempts_ = 0;        ///< to take it up again, without an event since
  unsigned resubscriptions_ = 0;
  ChunkFilter chunks_;
};

}  // namespace switchgear::a2a
