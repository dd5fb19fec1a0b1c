#include "app/shop/mailer.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "switchgear/async/async_call.hpp"

namespace switchgear::shop {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr const char* sender = "orders@shop.example";

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t read_mail(char* to, std::size_t size, std::size_t count, void* from) {
  std::string_view& rest = *static_cast<std::string_view*>(from);
  const std::size_t taken = std::min(size * count, rest.size());
  std::memcpy(to, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}

std::string on_the_wire(const Mail& mail) {
  std::string text = std::string("From: ") + sender + "\r\nTo: " + mail.to + "\r\nSubject: " + mail.subject +
                     "\r\nMessage-ID: <" + mail.message_id + ">\r\nContent-Type: text/plain\r\n\r\n";
  for (const char each : mail.text) {
    if (each == '\n') text += '\r';
    text += each;
  }
  return text;
}

void send_now(const std::string& url, const Mail& mail, TimePoint deadline) {
  const std::unique_ptr<CURL, FreeEasy> owner{curl_easy_init()};
  if (!owner) throw std::runtime_error("out of memory");
  CURL* const easy = owner.get();
  const std::unique_ptr<curl_slist, FreeList> recipients{
      curl_slist_append(nullptr, ("<" + mail.to + ">").c_str())};
  const std::string from = std::string("<") + sender + ">";
  const std::string text = on_the_wire(mail);
  std::string_view rest = text;
  // Without a limit of the policies, no mail takes longer than this.
  const auto left = std::min<Duration>(deadline - std::chrono::steady_clock::now(), 10s);
  const long milliseconds =
      std::max<long>(1, std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, milliseconds);
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_mail);
  curl_easy_setopt(easy, CURLOPT_READDATA, &rest);
  const CURLcode code = curl_easy_perform(easy);
  if (code != CURLE_OK) throw std::runtime_error(std::string("mail: ") + curl_easy_strerror(code));
}

/// A server that breaks off a connection is an error of the mail, not the end of the process.
void block_broken_pipes() {
  sigset_t signals{};
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

Mailer::Mailer(const asio::any_io_executor& executor, std::string url, const Policies& policies)
    : executor_(executor), url_(std::move(url)), policies_(policies.mail()) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error("libcurl cannot be used");
  asio::post(thread_, block_broken_pipes);
}

Mailer::~Mailer() {
  thread_.stop();
  thread_.join();
}

asio::awaitable<void> Mailer::send(Mail mail) {
  const auto letter = std::make_shared<const Mail>(std::move(mail));
  const auto op = [this, letter](const AsyncAttempt& attempt) -> asio::awaitable<int> {
    const auto work = [this, letter, deadline = attempt.deadline]() -> asio::awaitable<int> {
      send_now(url_, *letter, deadline);
      co_return 0;
    };
    // Without a slot: what Asio keeps in it for a coroutine on another thread would be used by both, and
    // still after the end. A mail that is under way cannot be stopped anyway.
    co_return co_await asio::co_spawn(
        thread_, work, asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
  };
  const auto pipeline = policies_.racing_pipeline();
  co_await async_call<int>(executor_, pipeline, op, asio::use_awaitable);
}

}  // namespace switchgear::shop
