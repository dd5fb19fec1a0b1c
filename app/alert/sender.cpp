#include "app/alert/sender.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <chrono>
#include <string>
#include <utility>

namespace switchgear::alert {

namespace {

/// `firing opened payment and 3 more`
[[nodiscard]] std::string summary(const Message& message) {
  const Alert& first = message.alerts.front();
  const std::string told = fmt::format("{} {} {}", to_string(message.telling), first.rule, first.circuit);
  const std::size_t more = message.alerts.size() - 1;
  return more == 0 ? told : fmt::format("{} and {} more", told, more);
}

}  // namespace

Sender::Sender(boost::asio::io_context& loop, const ChannelOptions& options, std::unique_ptr<Channel> channel,
               spdlog::logger& log, std::uint64_t seed, Done done)
    : options_(options),
      log_(log),
      done_(std::move(done)),
      courier_(options.name, courier_options_of(options), seed),
      channel_(std::move(channel)),
      timer_(loop) {}

void Sender::send(Message message) {
  if (const auto dropped = courier_.add(std::move(message))) {
    ++counts_.dropped;
    log_.error("alerts: channel '{}': {} messages wait; the oldest ({}) is dropped", options_.name,
               options_.queue, summary(*dropped));
    done_(*dropped);
  }
  pump();
}

void Sender::replace(const ChannelOptions& options, std::unique_ptr<Channel> channel) {
  if (under_way_ && leaving_ == nullptr) leaving_ = std::move(channel_);
  channel_ = std::move(channel);
  options_ = options;
  courier_.renew(courier_options_of(options), std::chrono::steady_clock::now());
  pump();
}

void Sender::close() {
  const std::deque<Message> waiting = courier_.take_all();
  counts_.dropped += waiting.size();
  if (!waiting.empty())
    log_.warn("alerts: channel '{}' is not configured any more; {} messages for it are dropped",
              options_.name, waiting.size());
  for (const Message& message : waiting) done_(message);
}

void Sender::pump() {
  const TimePoint now = std::chrono::steady_clock::now();
  if (const Message* message = courier_.next(now)) {
    under_way_ = true;
    return channel_->deliver(*message, [this](const Delivery& delivery) { ended(delivery); });
  }
  if (const auto due = courier_.due()) {
    timer_.expires_at(std::chrono::time_point_cast<std::chrono::steady_clock::duration>(*due));
    timer_.async_wait([this, here = std::weak_ptr{here_}](const boost::system::error_code& error) {
      if (!error && !here.expired()) pump();
    });
  }
}

void Sender::ended(const Delivery& delivery) {
  under_way_ = false;
  const bool replaced = std::exchange(leaving_, nullptr) != nullptr;
  const auto done = courier_.ended(delivery, std::chrono::steady_clock::now());
  if (replaced && !done) {
    ++counts_.failed;  // at a receiver that is not asked again
  } else {
    log(delivery, done ? &*done : nullptr);
  }
  if (done) done_(*done);
  pump();
}

/// Once when it begins to fail and once when it works again, not for each attempt.
void Sender::log(const Delivery& delivery, const Message* done) {
  switch (delivery.end) {
    case Delivery::End::delivered:
      ++counts_.delivered;
      if (std::exchange(failing_, false)) log_.info("alerts: channel '{}' works again", options_.name);
      return;
    case Delivery::End::refused:
      ++counts_.refused;
      log_.error("alerts: channel '{}' refuses a message ({}), which is dropped: {}", options_.name,
                 done == nullptr ? "of an earlier configuration" : summary(*done), delivery.problem);
      return;
    case Delivery::End::failed:
    case Delivery::End::busy:
      ++counts_.failed;
      if (!std::exchange(failing_, true))
        log_.warn("alerts: channel '{}' does not work, and is tried again: {}", options_.name,
                  delivery.problem);
      return;
  }
}

}  // namespace switchgear::alert
