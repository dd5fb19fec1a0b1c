#include "switchgear/http/readiness.hpp"

#include <boost/system/system_error.hpp>

namespace switchgear::http {

Readiness::Readiness(boost::asio::io_context& context, int descriptor, Listener& listener)
    : reactor_(boost::asio::use_service<Reactor>(context)), listener_(listener), descriptor_(descriptor) {
  reactor_.init_task();
  if (const int error = reactor_.register_descriptor(descriptor_, data_); error != 0)
    throw boost::system::system_error{error, boost::system::system_category(), "epoll_ctl"};
}

void Readiness::stop() noexcept {
  if (stopped_) return;
  stopped_ = true;
  reactor_.deregister_descriptor(descriptor_, data_,
                                 true);  // waiting operations complete, later, as cancelled
  reactor_.cleanup_descriptor_data(data_);
}

void Readiness::watch_readable() { readable_.start(Reactor::read_op); }
void Readiness::watch_writable() { writable_.start(Reactor::write_op); }

void Readiness::Watch::start(int type) {
  if (waiting_ || owner_.stopped_) return;
  waiting_ = true;
  owner_.listener_.keep_alive();
  ec_ = {};
  owner_.reactor_.start_op(type, owner_.descriptor_, owner_.data_, this, false, true);
}

void Readiness::Watch::complete(void* owner, boost::asio::detail::operation* base,
                                const boost::system::error_code&, std::size_t) {
  Watch& watch = *static_cast<Watch*>(base);
  Readiness& readiness = watch.owner_;
  Listener& listener = readiness.listener_;
  watch.waiting_ = false;
  // `owner` is null when the loop is being destroyed: no owner may be called any more.
  if (owner != nullptr && !readiness.stopped_) (listener.*watch.signal_)();
  listener.let_go();
}

}  // namespace switchgear::http
