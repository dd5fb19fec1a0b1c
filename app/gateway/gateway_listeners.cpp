// The listeners of a gateway: opened, replaced, handed to another process.
#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "app/gateway/gateway.hpp"
#include "switchgear/config/address.hpp"

namespace switchgear::gateway {

OpenedListeners Gateway::listeners_of(const config::Config& config) const {
  const std::lock_guard lock{applying_};
  return listeners_for(config.gateway.listen, listeners_, {}, workers_.size());
}

/// Under applying_, or before the start.
void Gateway::use(OpenedListeners listeners) {
  for (OpenedListeners::Opened& each : listeners.opened) {
    const auto opened = std::make_shared<OpenedListeners::Opened>(std::move(each));
    on_each([opened](Worker& worker, std::size_t thread) {
      worker.open(opened->listener, std::move(opened->parts[thread]));
    });
  }
  for (const auto& listener : listeners_) {
    if (std::ranges::find(listeners.all, listener) == listeners.all.end())
      on_each([listener](Worker& worker, std::size_t) { worker.close(*listener); });
  }
  listeners_ = std::move(listeners.all);
  for (const auto& listener : listeners_) {
    const auto wanted = std::ranges::find(plan_.listen, listener->asked_for(), &config::Listener::at);
    if (wanted != plan_.listen.end()) listener->set_mode(wanted->mode);
  }
}

std::vector<std::string> Gateway::addresses() const {
  const std::lock_guard lock{applying_};
  std::vector<std::string> all;
  for (const auto& listener : listeners_) {
    const auto wanted = std::ranges::find(plan_.listen, listener->asked_for(), &config::Listener::at);
    all.push_back(
        url_of(*listener, wanted == plan_.listen.end() ? config::Encryption::none : wanted->encryption));
  }
  return all;
}

HandedSockets Gateway::share_sockets() const {
  const std::lock_guard lock{applying_};
  HandedSockets all;
  for (const auto& listener : listeners_) {
    std::vector<http::Descriptor>& sockets = all[config::text_of(listener->asked_for())];
    for (const http::Descriptor& each : listener->sockets()) sockets.push_back(each.share());
  }
  return all;
}

void Gateway::leave_sockets() {
  const std::lock_guard lock{applying_};
  for (const auto& listener : listeners_) listener->leave_file();
  on_each([](Worker& worker, std::size_t) { worker.close_all(); });
  listeners_.clear();
}

void Gateway::own_files() {
  const std::lock_guard lock{applying_};
  for (const auto& listener : listeners_) listener->own_file();
}

}  // namespace switchgear::gateway
