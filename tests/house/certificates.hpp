// Certificates for one test, made with openssl, in a folder that is gone with it.
#pragma once

#include <filesystem>
#include <string>

namespace switchgear::house {

/// `ca` has signed `server`, `client`, `expired`, `early` and `elsewhere`; `stranger` has signed `foreign`
/// and `stranger_client`. Each is NAME.pem and NAME.key. Those of servers are for `localhost` and 127.0.0.1,
/// but `elsewhere`, which is for `elsewhere.test`.
class Certificates {
 public:
  Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;
  ~Certificates();

  /// An absolute path.
  [[nodiscard]] std::string file(const std::string& name) const { return (folder_ / name).string(); }
  /// The same, as a policy file names it: `"file:/…"`.
  [[nodiscard]] std::string reference(const std::string& name) const { return "\"file:" + file(name) + "\""; }
  /// Makes NAME.pem and NAME.key anew, signed by `authority`. `names`: `DNS:localhost,IP:127.0.0.1`.
  void make(const std::string& name, const std::string& names, const std::string& authority = "ca",
            const std::string& dates = "20200101000000Z 21000101000000Z") const;
  void make_authority(const std::string& name) const;
  void write(const std::string& name, const std::string& text) const;

 private:
  void run(const std::string& arguments) const;

  std::filesystem::path folder_;
};

}  // namespace switchgear::house
