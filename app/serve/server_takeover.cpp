// How a server follows another process, and how it hands over to the next one.
#include <sys/types.h>

#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/serve/inherited.hpp"
#include "app/serve/server.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::serve {

/// This process accepts clients already, and the other one does too, until it is told.
void Server::finish_takeover() {
  try {
    const pid_t predecessor = successor_->predecessor();
    if (successor_->ready()) {
      log_.info("takeover: process {} has handed over, and finishes its requests", predecessor);
    } else {
      log_.warn("takeover: process {} did not say that it has closed its files", predecessor);
    }
  } catch (const takeover::Refused& error) {
    gateway_->drain(config_.close());
    throw CannotServe{std::string{"--takeover: "} + error.what()};
  }
  http::Descriptor listening = successor_->take_listening();
  successor_.reset();
  gateway_->own_files();
  history_.open_now();
  try {
    await_successor(std::move(listening));
  } catch (const CannotServe& error) {  // it serves all the same
    log_.error("{}; no process can take over from this one", error.what());
  }
}

void Server::await_successor(http::Descriptor inherited) {
  if (takeover_at_.empty()) return;
  takeover::Predecessor::Program program;
  program.sockets = [this] {
    using Role = AdminSocket::Role;
    std::vector<AdminSocket> own;
    if (admin_) own.push_back({Role::admin, admin_address_, admin_->listening_socket()});
    if (probes_) own.push_back({Role::probes, *probes_address_, probes_->listening_socket()});
    return handed_by(gateway_->share_sockets(), own);
  };
  program.step_down = [this](pid_t successor) { return step_down(successor); };
  try {
    predecessor_ = std::make_unique<takeover::Predecessor>(main_, takeover_at_, std::move(program), log_,
                                                           std::move(inherited));
  } catch (const std::system_error& error) {
    throw CannotServe{std::string{"gateway.takeover: "} + error.what()};
  }
}

/// As SIGUSR2 asks.
void Server::start_successor() {
  if (!ready_) return;
  if (!predecessor_ || successor_command_.empty())
    return log_.error("SIGUSR2: no process can take over from this one; it needs gateway.takeover");
  if (starting_) return log_.warn("SIGUSR2: process {} takes over already", started_->process());
  try {
    started_.emplace(main_, successor_command_, [this](const std::string& how) {
      starting_ = false;
      if (ready_)
        log_.error("takeover: process {} has ended with {}, and this one serves on", started_->process(),
                   how);
    });
    starting_ = true;
    log_.info("takeover: process {} is started", started_->process());
  } catch (const std::system_error& error) {
    log_.error("SIGUSR2: {}", error.what());
  }
}

/// The requests that were accepted are finished; clients, alerts and the history are the other process's.
bool Server::step_down(pid_t successor) {
  if (!ready_.exchange(false)) return false;
  log_.info("takeover: process {} serves; this one ends", successor);
  manager_.main_process(successor);
  gateway_->leave_sockets();
  if (admin_) admin_->stop_listening();
  if (probes_) probes_->stop_listening();
  alerts_.stop();
  if (!history_.finish(history::History::patience_at_end))
    log_.error("takeover: the history is not closed yet: most likely its disk hangs");
  finish_requests(Telling::none);
  return true;
}

}  // namespace switchgear::serve
