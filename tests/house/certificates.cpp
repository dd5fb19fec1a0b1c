#include "tests/house/certificates.hpp"

#include <stdlib.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace switchgear::house {

namespace fs = std::filesystem;

namespace {
constexpr const char* here = "DNS:localhost,IP:127.0.0.1";
constexpr const char* new_key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
}  // namespace

Certificates::Certificates() {
  std::string name = (fs::temp_directory_path() / "switchgear-certificates-XXXXXX").string();
  folder_ = ::mkdtemp(name.data());
  make_authority("ca");
  make("server", here);
  make("client", "DNS:client.test");
  make("expired", here, "ca", "20200101000000Z 20200201000000Z");
  make("early", here, "ca", "20990101000000Z 21000101000000Z");
  make("elsewhere", "DNS:elsewhere.test");
  make_authority("stranger");
  make("foreign", here, "stranger");
  make("stranger_client", "DNS:client.test", "stranger");
}

Certificates::~Certificates() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Certificates::make_authority(const std::string& name) const {
  run("req -x509 -days 3650 -subj /CN=" + name + new_key + " -addext keyUsage=keyCertSign -keyout " +
      file(name + ".key") + " -out " + file(name + ".pem"));
  write(name + ".index", "");
  write(name + ".conf", "[ca]\ndefault_ca = a\n[a]\ndatabase = " + file(name + ".index") +
                            "\nnew_certs_dir = " + folder_.string() + "\ncertificate = " +
                            file(name + ".pem") + "\nprivate_key = " + file(name + ".key") +
                            "\ndefault_md = sha256\npolicy = p\nunique_subject = no\nrand_serial = yes\n"
                            "copy_extensions = copy\n[p]\ncommonName = supplied\n");
}

void Certificates::make(const std::string& name, const std::string& names, const std::string& authority,
                        const std::string& dates) const {
  run("req -new -subj /CN=" + name + new_key + " -addext subjectAltName=" + names + " -keyout " +
      file(name + ".key") + " -out " + file(name + ".csr"));
  const std::size_t space = dates.find(' ');
  run("ca -batch -notext -config " + file(authority + ".conf") + " -startdate " + dates.substr(0, space) +
      " -enddate " + dates.substr(space + 1) + " -in " + file(name + ".csr") + " -out " +
      file(name + ".pem"));
}

void Certificates::write(const std::string& name, const std::string& text) const {
  std::ofstream{file(name)} << text;
}

void Certificates::run(const std::string& arguments) const {
  const std::string command = std::string(OPENSSL) + " " + arguments + " >/dev/null 2>&1";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace switchgear::house
