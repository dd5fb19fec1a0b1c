// Several listeners, Unix sockets among them: what clients and operators see of them.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/gateway/upstream.hpp"
#include "tests/house/certificates.hpp"
#include "tests/sockets/served.hpp"

namespace switchgear::wire {
namespace {

/// Answers with what it was told about the client.
[[nodiscard]] Upstream::Serve telling() {
  return Upstream::answering([](const Message& request) {
    return ok(request.field("x-forwarded-for") + " " + request.field("x-forwarded-proto"));
  });
}

[[nodiscard]] std::string url_of(const Upstream& upstream) {
  return "http://127.0.0.1:" + std::to_string(upstream.port());
}

/// A bound socket at a path, as of a process that was killed: the file is there, and no program listens.
void leave_dead_socket(const std::string& path) {
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  EXPECT_TRUE(std::filesystem::is_socket(path));
}

[[nodiscard]] unsigned mode_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777U;
}

TEST(Listeners, EveryAddressOfTheListServesAndIsSaid) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string path = folder.file("s.sock");
  for (const char* threads : {"1", "3"}) {
    Served served{folder.write(
        "a.yaml", file_with("threads: " + std::string{threads} +
                                ", listen: [\"127.0.0.1:0\", \"0.0.0.0:0\", \"unix:" + path + "\"]",
                            service_at(url_of(upstream))))};
    ASSERT_EQ(served.listeners().size(), 3U) << served.output();
    EXPECT_EQ(served.listeners()[2], "unix:" + path);
    for (int i = 0; i < 20; ++i) {
      EXPECT_EQ(get(Socket::connect(served.port(0))).body, "127.0.0.1 http");
      EXPECT_EQ(get(Socket::connect(served.port(1))).body, "127.0.0.1 http");
      EXPECT_EQ(get(Socket::connect_to(path)).body, "unix: http");
    }
    EXPECT_EQ(boost::json::serialize(served.status().at("listeners")),
              "[\"" + served.listeners()[0] + "\",\"" + served.listeners()[1] + "\",\"unix:" + path + "\"]");
    served.signal(SIGTERM);
    EXPECT_EQ(served.wait_for_exit(), 0);
    EXPECT_FALSE(std::filesystem::exists(path)) << "removed at the end";
  }
}

TEST(Listeners, TheAccessLogNamesAClientOfAUnixSocket) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string path = folder.file("s.sock");
  std::string text = file_with("listen: \"unix:" + path + "\"", service_at(url_of(upstream)));
  text += "log: {access: {file: \"" + folder.file("access.log") + "\", format: json}}\n";
  Served served{folder.write("a.yaml", text)};
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U);
  served.signal(SIGTERM);
  EXPECT_EQ(served.wait_for_exit(), 0);
  std::ifstream file{folder.file("access.log")};
  std::string line;
  std::getline(file, line);
  EXPECT_NE(line.find("\"client\":\"unix:\""), std::string::npos) << line;
}

TEST(Listeners, AReloadAddsAndRemovesThemAndTouchesNoOtherConnection) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string path = folder.file("s.sock");
  const auto with = [&](const std::string& listen) {
    return folder.write("a.yaml", file_with("listen: [" + listen + "]", service_at(url_of(upstream))));
  };
  Served served{with("\"127.0.0.1:0\", \"unix:" + path + "\""), {"--no-watch"}};
  ASSERT_EQ(served.listeners().size(), 2U) << served.output();
  Socket kept = Socket::connect_to(path);
  EXPECT_EQ(get(Socket::connect(served.port())).status(), 200U);
  kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(kept.read_response().value_or(Message{}).status(), 200U);

  const std::string other = folder.file("t.sock");
  with("\"127.0.0.1:0\", \"unix:" + other + "\"");
  const Message reloaded = served.admin("POST", "/reload");
  EXPECT_EQ(reloaded.status(), 200U) << reloaded.body;
  EXPECT_EQ(reloaded.body.find("restart"), std::string::npos) << reloaded.body;
  EXPECT_EQ(get(Socket::connect_to(other)).status(), 200U);
  EXPECT_EQ(get(Socket::connect(served.port())).status(), 200U) << "the port that the system chose stays";
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THROW((void)Socket::connect_to(path), std::runtime_error);
  kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(kept.read_response().value_or(Message{}).status(), 200U) << "a connection goes on";
}

TEST(Listeners, AReloadThatCannotHaveAnAddressChangesNothing) {
  const Folder folder;
  const Upstream upstream{telling()};
  const DeafPort taken;
  const std::string path = folder.file("s.sock");
  const auto with = [&](const std::string& listen, const std::string& more) {
    return folder.write("a.yaml", file_with("listen: [" + listen + "]", service_at(url_of(upstream)) + more));
  };
  Served served{with("\"unix:" + path + "\"", ""), {"--no-watch"}};
  const std::string busy = "127.0.0.1:" + std::to_string(taken.port());
  const std::string fresh = folder.file("fresh.sock");
  with("\"unix:" + fresh + "\", \"" + busy + "\"",
       "  more: {url: \"" + url_of(upstream) + "\", policy: plain, routes: [{prefix: /more}]}\n");
  const Message refused = served.admin("POST", "/reload");
  EXPECT_GE(refused.status(), 400U);
  EXPECT_NE(refused.body.find("gateway.listen: cannot listen on " + busy + ": Address already in use"),
            std::string::npos)
      << refused.body;
  EXPECT_FALSE(std::filesystem::exists(fresh));
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U);
  EXPECT_EQ(served.status().at("services").as_object().size(), 1U) << "nor anything else of the file";
  EXPECT_TRUE(served.says("reload refused, nothing changed: gateway.listen: cannot listen on " + busy));
}

TEST(Listeners, ASocketHasTheModeOfTheFileBeforeAnyoneCanConnect) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string path = folder.file("s.sock");
  const auto with = [&](const std::string& more) {
    return folder.write("a.yaml", file_with("listen: {address: \"unix:" + path + "\"" + more + "}",
                                            service_at(url_of(upstream))));
  };
  Served served{with(""), {"--no-watch"}};
  EXPECT_EQ(mode_of(path), 0660U);
  with(", mode: \"0600\"");
  EXPECT_EQ(served.admin("POST", "/reload").status(), 200U);
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U);
}

TEST(Listeners, TheFileOfADeadProcessIsReplacedAndThatOfALiveOneIsNot) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string path = folder.file("s.sock");
  const std::string file =
      folder.write("a.yaml", file_with("listen: \"unix:" + path + "\"", service_at(url_of(upstream))));
  leave_dead_socket(path);
  Served first{file};
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U);
  Served second{file};
  EXPECT_TRUE(second.listeners().empty());
  EXPECT_EQ(second.wait_for_exit(), 3);
  EXPECT_NE(second.output().find("switchgear: gateway.listen: cannot listen on unix:" + path +
                                 ": Address already in use\n"),
            std::string::npos)
      << second.output();
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U) << "the first is as before";
  first.signal(SIGKILL);
  EXPECT_EQ(first.wait_for_exit(), 128 + SIGKILL);
  Served third{file};
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U);
}

TEST(Listeners, AFileThatIsNoSocketIsLeftAlone) {
  const Folder folder;
  const std::string path = folder.write("precious", "text");
  Served served{
      folder.write("a.yaml", file_with("listen: \"unix:" + path + "\"", service_at("http://127.0.0.1:1")))};
  EXPECT_EQ(served.wait_for_exit(), 3);
  std::ifstream file{path};
  std::string text;
  file >> text;
  EXPECT_EQ(text, "text");
}

TEST(Listeners, AFileThatAnotherProcessHasMadeMeanwhileIsNotRemovedAtTheEnd) {
  const Folder folder;
  const std::string path = folder.file("s.sock");
  Served served{
      folder.write("a.yaml", file_with("listen: \"unix:" + path + "\"", service_at("http://127.0.0.1:1")))};
  std::filesystem::remove(path);
  leave_dead_socket(path);
  served.signal(SIGTERM);
  EXPECT_EQ(served.wait_for_exit(), 0);
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Listeners, AnAbstractNameNeedsNoFile) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string name = "@switchgear-test-" + std::to_string(::getpid());
  Served served{
      folder.write("a.yaml", file_with("listen: \"unix:" + name + "\"", service_at(url_of(upstream))))};
  EXPECT_EQ(get(Socket::connect_to(name)).body, "unix: http");
}

TEST(Listeners, TheFlagTakesThePlaceOfTheWholeList) {
  const Folder folder;
  const Upstream upstream{telling()};
  const std::string path = folder.file("flag.sock");
  Served served{
      folder.write("a.yaml", file_with("listen: [\"127.0.0.1:0\", \"unix:" + folder.file("no") + "\"]",
                                       service_at(url_of(upstream)))),
      {"--listen", "unix:" + path}};
  EXPECT_EQ(served.listeners(), std::vector<std::string>{"unix:" + path});
  EXPECT_EQ(get(Socket::connect_to(path)).status(), 200U);
}

TEST(Listeners, ThoseOfUnixAndThoseThatSaySoArePlainBesideTls) {
  const Folder folder;
  const house::Certificates certificates;
  const Upstream upstream{telling()};
  const std::string path = folder.file("s.sock");
  Served served{folder.write(
      "a.yaml", file_with("tls: {certificate: " + certificates.reference("server.pem") + ", key: " +
                              certificates.reference("server.key") + "}, listen: [\"127.0.0.1:0\", \"unix:" +
                              path + "\", {address: \"0.0.0.0:0\", tls: false}]",
                          service_at(url_of(upstream))))};
  ASSERT_EQ(served.listeners().size(), 3U) << served.output();
  EXPECT_TRUE(served.listeners()[0].starts_with("https://"));
  EXPECT_TRUE(served.listeners()[2].starts_with("http://"));
  EXPECT_EQ(get(Socket::connect_to(path)).body, "unix: http");
  EXPECT_EQ(get(Socket::connect(served.port(2))).body, "127.0.0.1 http");
  EXPECT_EQ(get(Socket::connect(served.port(0))).status(), 0U) << "plain text where TLS is expected";
}

TEST(Listeners, APolicyFileIsNamedInOneOfTwoWays) {
  const Folder folder;
  const std::string file =
      folder.write("a.yaml", file_with("listen: \"127.0.0.1:0\"", service_at("http://127.0.0.1:1")));
  EXPECT_EQ(Served("--config=" + file).listeners().size(), 1U);
  Served both{file, {"--config", file}};
  EXPECT_EQ(both.wait_for_exit(), 2);
  EXPECT_NE(both.output().find("FILE and --config: each names a policy file; give one of the two"),
            std::string::npos)
      << both.output();
  Served none{"--no-watch"};
  EXPECT_EQ(none.wait_for_exit(), 2);
  EXPECT_NE(none.output().find("FILE is required"), std::string::npos) << none.output();
}

}  // namespace
}  // namespace switchgear::wire
