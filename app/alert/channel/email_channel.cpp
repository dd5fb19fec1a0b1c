#include "app/alert/channel/email_channel.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace switchgear::alert {

namespace {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// Once in a process, and before the first thread of a channel.
void start_curl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) throw std::runtime_error{"libcurl cannot be used"};
}

/// A server that breaks off a connection is an error of the mail, not the end of the process: OpenSSL writes
/// without MSG_NOSIGNAL. The signal goes to the thread that writes.
void block_broken_pipes() {
  sigset_t signals{};
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

struct Reading {
  std::string_view rest;
};

std::size_t read_mail(char* to, std::size_t size, std::size_t count, void* from) {
  std::string_view& rest = static_cast<Reading*>(from)->rest;
  const std::size_t taken = std::min(size * count, rest.size());
  std::memcpy(to, rest.data(), taken);
  rest.remove_prefix(taken);
  return taken;
}

int break_off(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

[[nodiscard]] long use_ssl(StartTls start_tls) noexcept {
  switch (start_tls) {
    case StartTls::required:
      return CURLUSESSL_ALL;
    case StartTls::if_offered:
      return CURLUSESSL_TRY;
    case StartTls::never:
      return CURLUSESSL_NONE;
  }
  return CURLUSESSL_ALL;
}

[[nodiscard]] Delivery judged(CURLcode code, long answer) {
  if (code == CURLE_OK) return {};
  // 530, 534, 535, 538: who we are. 5xx else: this mail, or its recipients.
  const bool about_us = code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED || answer == 530 ||
                        answer == 534 || answer == 535 || answer == 538;
  Delivery delivery{Delivery::End::failed, std::nullopt, curl_easy_strerror(code)};
  if (answer >= 400) delivery.problem += fmt::format(", the server answered {}", answer);
  if (answer >= 500 && !about_us) delivery.end = Delivery::End::refused;
  return delivery;
}

}  // namespace

EmailChannel::EmailChannel(boost::asio::io_context& loop, const EmailOptions& email,
                           const ChannelOptions& options)
    : loop_(loop), email_(email), options_(options) {
  start_curl();
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void EmailChannel::deliver(const Message& message, Done done) {
  Mail mail{mail_text(message, email_, options_.external_url, std::chrono::system_clock::now()),
            std::move(done)};
  {
    const std::lock_guard lock{mutex_};
    mail_ = std::move(mail);
  }
  more_.notify_one();
}

void EmailChannel::run(const std::stop_token& stop) {
  block_broken_pipes();
  while (true) {
    std::optional<Mail> mail;
    {
      std::unique_lock lock{mutex_};
      if (!more_.wait(lock, stop, [this] { return mail_.has_value(); })) return;
      mail = std::exchange(mail_, std::nullopt);
    }
    Delivery delivery = send(mail->text, stop);
    boost::asio::post(
        loop_, [here = std::weak_ptr{here_}, done = std::move(mail->done), delivery = std::move(delivery)] {
          if (!here.expired()) done(delivery);
        });
  }
}

Delivery EmailChannel::send(const std::string& text, const std::stop_token& stop) const {
  const std::unique_ptr<CURL, FreeEasy> owner{curl_easy_init()};
  if (!owner) return {Delivery::End::failed, std::nullopt, "out of memory"};
  CURL* const easy = owner.get();
  curl_slist* recipients = nullptr;
  for (const std::string& to : email_.to)
    recipients = curl_slist_append(recipients, ("<" + to + ">").c_str());
  const std::unique_ptr<curl_slist, FreeList> recipients_owner{recipients};
  const std::string from = "<" + email_.from + ">";
  const long timeout = std::chrono::duration_cast<std::chrono::milliseconds>(options_.timeout).count();
  Reading reading{text};
  curl_easy_setopt(easy, CURLOPT_URL, email_.smtp.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // A lookup of a name that hangs is left to itself, so that the destructor need not wait for it.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(easy, CURLOPT_USE_SSL, use_ssl(email_.start_tls));
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (!email_.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_USERNAME, email_.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, email_.password.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from.c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_mail);
  curl_easy_setopt(easy, CURLOPT_READDATA, &reading);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, break_off);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &stop);
  const CURLcode code = curl_easy_perform(easy);
  long answer = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer);
  return judged(code, answer);
}

}  // namespace switchgear::alert
