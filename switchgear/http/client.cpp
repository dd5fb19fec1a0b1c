#include "switchgear/http/client.hpp"

namespace switchgear::http {

namespace asio = boost::asio;

Client::~Client() {
  asio::post(core_->executor(), [core = core_] { core->retire(); });
}

void Client::close_idle() {
  asio::post(core_->executor(), [core = core_] { core->sweep(); });
}

asio::awaitable<ResponseStream> Client::open(std::string method, Request request) {
  const std::shared_ptr<ClientCore> core = core_;
  auto call =
      std::make_shared<ClientCall>(std::move(method), std::move(request), core->base(), core->options());
  ResponseStream opened = co_await core->open(std::move(call));
  co_return opened;
}

void Client::begin(const std::shared_ptr<ClientCore>& core, RequestGuard& guard, std::string method,
                   Request request, ResponseHandler handler) {
  std::shared_ptr<ClientCall> call;
  try {
    call = std::make_shared<ClientCall>(std::move(method), std::move(request), core->base(), core->options());
  } catch (...) {
    const asio::any_io_executor executor = handler.get_executor();
    asio::post(executor, [handler = std::move(handler), why = std::current_exception()]() mutable {
      handler(why, Response{});
    });
    return;
  }
  guard.call(core, std::move(call), std::move(handler));
}

}  // namespace switchgear::http
