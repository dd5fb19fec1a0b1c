#include "tests/gateway/gateway_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "switchgear/admin/answer_record_fixture.hpp"

namespace switchgear::wire {

namespace {

[[nodiscard]] std::uint16_t port_after(const std::string& line, const std::string& words) {
  const std::size_t at = line.find(words);
  if (at == std::string::npos) return 0;
  return static_cast<std::uint16_t>(
      std::strtoul(line.c_str() + line.find(':', at + words.size()) + 1, nullptr, 10));
}

/// Readable when the process has ended.
[[nodiscard]] bool wait_on_pid(pid_t pid, std::chrono::milliseconds at_most) {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (handle < 0) return false;
  pollfd one{handle, POLLIN, 0};
  const int ready = ::poll(&one, 1, static_cast<int>(at_most.count()));
  ::close(handle);
  return ready > 0;
}

/// The line with the addresses, of standard output or, beside an access log there, of the log.
template <class ReadLine, class Log>
std::string greeting_of(int output, ReadLine read_line, Log log) {
  std::string line;
  (void)eventually([&] {
    pollfd one{output, POLLIN, 0};
    if (::poll(&one, 1, 0) > 0) {
      line = read_line();
      return true;
    }
    const std::string all = log();
    const std::size_t begin = all.find("serves http");
    const std::size_t end = begin == std::string::npos ? begin : all.find('\n', begin);
    if (end != std::string::npos) line = all.substr(begin, end - begin);
    return !line.empty();
  });
  return line;
}

}  // namespace

std::string config_text(const std::vector<ServiceText>& services, const std::string& policies,
                        const std::string& gateway) {
  std::string text = "version: 1\ngateway: {threads: 1" + (gateway.empty() ? "" : ", " + gateway) +
                     "}\npolicies:\n  plain: {timeout: 60s}\n";
  text += policies;
  text += "services:\n";
  for (const ServiceText& service : services) {
    text += "  " + service.name + ": {url: \"http://127.0.0.1:" + std::to_string(service.port) +
            "\", policy: " + service.policy + ", routes: [{prefix: " + service.prefix + "}]" + service.more +
            "}\n";
  }
  return text;
}

GatewayProcess::GatewayProcess(const std::string& config, std::uint16_t port,
                               std::optional<rlimit> open_files, std::optional<int> errors) {
  std::string place = (std::filesystem::temp_directory_path() / "switchgear-gateway-XXXXXX").string();
  if (::mkdtemp(place.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
  directory_ = place;
  rewrite(config);
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
  const std::string listen = "127.0.0.1:" + std::to_string(port);
  const std::string file = directory_ + "/switchgear.yaml";
  const int log =
      ::open((directory_ + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::dup2(errors.value_or(log), STDERR_FILENO);
    if (open_files) ::setrlimit(RLIMIT_NOFILE, &*open_files);
    ::execl(SWITCHGEAR_BINARY, "switchgear", "serve", "--config", file.c_str(), "--listen", listen.c_str(),
            "--admin", "127.0.0.1:0", nullptr);
    ::_exit(127);
  }
  ::close(pipe[1]);
  ::close(log);
  output_ = pipe[0];
  const std::string line = greeting_of(
      output_, [this] { return read_line(); }, [this] { return this->log(); });
  port_ =
      port_after(line, line.find("serves https:") == std::string::npos ? "serves http:" : "serves https:");
  admin_port_ = port_after(line, "admin http:");
  if (port_ == 0 || admin_port_ == 0) {
    end();
    throw std::runtime_error{"the gateway did not start: " + line};
  }
}

GatewayProcess::~GatewayProcess() { end(); }

void GatewayProcess::end() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::kill(pid_, SIGTERM);
    if (!wait_on_pid(pid_, patience)) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ::close(output_);
  std::cerr << log();  // what a sanitizer found is there too
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void GatewayProcess::rewrite(const std::string& config) const {
  const std::string fresh = directory_ + "/fresh.yaml";
  std::ofstream{fresh} << config;
  std::filesystem::rename(fresh, directory_ + "/switchgear.yaml");
}

void GatewayProcess::replace_file_by_pipe() const {
  const std::string fresh = directory_ + "/pipe";
  if (::mkfifo(fresh.c_str(), S_IRUSR | S_IWUSR) != 0) throw std::runtime_error{"no pipe"};
  std::filesystem::rename(fresh, directory_ + "/switchgear.yaml");
}

std::string GatewayProcess::log() const {
  std::ifstream file{directory_ + "/log"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

bool GatewayProcess::logs(const std::string& text) const {
  return eventually([&] { return log().find(text) != std::string::npos; });
}

std::string GatewayProcess::read_line() {
  std::size_t end = 0;
  while ((end = read_.find('\n')) == std::string::npos) {
    pollfd one{output_, POLLIN, 0};
    std::array<char, 256> bytes{};
    if (::poll(&one, 1, static_cast<int>(patience.count())) <= 0) return std::exchange(read_, {});
    const ssize_t got = ::read(output_, bytes.data(), bytes.size());
    if (got <= 0) return std::exchange(read_, {});
    read_.append(bytes.data(), static_cast<std::size_t>(got));
  }
  std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

void GatewayProcess::signal(int number) const { ::kill(pid_, number); }

void GatewayProcess::hold_up() const {
  ::kill(pid_, SIGSTOP);
  ::waitpid(pid_, nullptr, WUNTRACED);
}

std::optional<int> GatewayProcess::wait_for_exit() {
  if (!wait_on_pid(pid_, patience)) return std::nullopt;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::size_t GatewayProcess::resident_bytes() const {
  std::ifstream statm{"/proc/" + std::to_string(pid_) + "/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

Message GatewayProcess::get(const std::string& target, const std::string& fields) const {
  Socket client = Socket::connect(port_);
  client.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
  return client.read_response().value_or(Message{});
}

Message GatewayProcess::admin(const std::string& method, const std::string& target) const {
  Socket client = Socket::connect(admin_port_);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(admin_port_) +
              "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  const Message answer = client.read_response().value_or(Message{});
  if (answer.whole)
    admin::record_answer(method, target, answer.status(), answer.field("content-type"), answer.body);
  return answer;
}

boost::json::value GatewayProcess::breaker(const std::string& name) const {
  return boost::json::parse(admin("GET", "/circuit-breakers/" + name).body);
}

std::string GatewayProcess::state(const std::string& name) const {
  return std::string{breaker(name).at("state").as_string()};
}

Ended serve_to_its_end(const std::string& config, const std::string& flags,
                       std::optional<unsigned> open_files) {
  std::string file = (std::filesystem::temp_directory_path() / "switchgear-serve-XXXXXX").string();
  ::close(::mkstemp(file.data()));
  std::ofstream{file} << config;
  const std::string command =
      (open_files ? "ulimit -n " + std::to_string(*open_files) + "; " : "") + "timeout " +
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience).count()) +
      " " SWITCHGEAR_BINARY " serve --config " + file + " " + flags + " 2>&1";
  Ended ended;
  FILE* output = ::popen(command.c_str(), "r");
  std::array<char, 4096> bytes{};
  while (const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), output))
    ended.output.append(bytes.data(), got);
  const int status = ::pclose(output);
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  std::filesystem::remove(file);
  return ended;
}

Ended serve_from_pipe(const std::string& config, const std::vector<int>& early, const std::string& last) {
  std::string place = (std::filesystem::temp_directory_path() / "switchgear-pipe-XXXXXX").string();
  const bool made = ::mkdtemp(place.data()) != nullptr;
  const std::string file = place + "/switchgear.yaml";
  std::array<int, 2> output{};
  if (!made || ::mkfifo(file.c_str(), S_IRUSR | S_IWUSR) != 0 || ::pipe2(output.data(), O_CLOEXEC) != 0)
    throw std::runtime_error{"no pipe"};
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(output[1], STDOUT_FILENO);
    ::dup2(output[1], STDERR_FILENO);
    ::execl(SWITCHGEAR_BINARY, "switchgear", "serve", "--no-watch", "--config", file.c_str(), "--listen",
            "127.0.0.1:0", "--admin", "127.0.0.1:0", nullptr);
    ::_exit(127);
  }
  ::close(output[1]);
  std::ofstream pipe{file};  // waits until the other end is open
  for (const int signal : early) ::kill(pid, signal);
  pipe << config << std::flush;
  pipe.close();
  Ended ended;
  std::array<char, 4096> bytes{};
  for (ssize_t got = 1; got > 0;) {
    if (ended.output.find(last) != std::string::npos) ::kill(pid, SIGTERM);
    pollfd one{output[0], POLLIN, 0};
    if (::poll(&one, 1, static_cast<int>(patience.count())) <= 0) ::kill(pid, SIGKILL);
    got = ::read(output[0], bytes.data(), bytes.size());
    if (got > 0) ended.output.append(bytes.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ended.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  ::close(output[0]);
  std::filesystem::remove_all(place);
  return ended;
}

bool eventually(const std::function<bool()>& so) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (so()) return true;
    ::poll(nullptr, 0, 5);
  }
  return false;
}

bool comes_to_rest(const GatewayProcess& gateway, const std::function<std::uint64_t()>& count) {
  constexpr int turns = 50;
  std::uint64_t seen = count();
  int rested = 0;
  return eventually([&] {
    (void)gateway.admin("GET", "/metrics");  // collected on the loop of every thread
    const std::uint64_t now = count();
    rested = now == seen ? rested + 1 : 0;
    seen = now;
    return rested == turns;
  });
}

}  // namespace switchgear::wire
