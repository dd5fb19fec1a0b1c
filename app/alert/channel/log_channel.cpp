#include "app/alert/channel/log_channel.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "app/alert/channel/message_text.hpp"
#include "app/alert/channel/shortened.hpp"

namespace switchgear::alert {

void LogChannel::deliver(const Message& message, Done done) {
  for (const Alert& alert : message.alerts) {
    log_.log(message.resolved() ? spdlog::level::info : spdlog::level::warn, "alert {} {} {}: {} ({})",
             alert.rule, to_string(alert.severity), to_string(message.telling),
             one_line(alert.text, MessageTemplate::longest), when_of(alert, message.telling));
  }
  boost::asio::post(loop_, [here = std::weak_ptr{here_}, done = std::move(done)] {
    if (!here.expired()) done({});
  });
}

}  // namespace switchgear::alert
