#include "switchgear/tls/pem.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>

namespace switchgear::tls {

namespace {

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Memory = std::unique_ptr<BIO, FreeBio>;

[[nodiscard]] Memory over(std::string_view text) {
  return Memory{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// In place of OpenSSL's own, which asks at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

struct Certificates {
  std::vector<Owned<x509_st>> found;
  bool broken = false;  ///< one of them cannot be read
};

[[nodiscard]] Certificates read_certificates(std::string_view pem) {
  Certificates read;
  const Memory memory = over(pem);
  while (X509* const one =
             memory ? PEM_read_bio_X509(memory.get(), nullptr, &no_passphrase, nullptr) : nullptr)
    read.found.emplace_back(one);
  read.broken = ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
  ERR_clear_error();
  return read;
}

[[nodiscard]] std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::vector<Owned<x509_st>> certificates_of(std::string_view pem) {
  Certificates read = read_certificates(pem);
  if (read.broken) read.found.clear();
  return std::move(read.found);
}

Owned<evp_pkey_st> key_of(std::string_view pem) {
  const Memory memory = over(pem);
  Owned<evp_pkey_st> key{memory ? PEM_read_bio_PrivateKey(memory.get(), nullptr, &no_passphrase, nullptr)
                                : nullptr};
  ERR_clear_error();
  return key;
}

std::optional<std::string> problem_of_certificates(std::string_view pem) {
  const Certificates read = read_certificates(pem);
  if (read.broken) return "holds a certificate that cannot be read";
  if (read.found.empty()) return "holds no certificate in PEM form";
  return std::nullopt;
}

std::optional<std::string> problem_of_key(std::string_view pem) {
  if (key_of(pem)) return std::nullopt;
  if (pem.find("PRIVATE KEY-----") == std::string_view::npos) return "holds no private key in PEM form";
  if (pem.find("ENCRYPTED") != std::string_view::npos)
    return "holds a private key that is encrypted; expected one without a passphrase";
  return "holds a private key that cannot be read";
}

std::optional<std::string> problem_of_pair(const Identity& identity) {
  const std::vector<Owned<x509_st>> chain = certificates_of(identity.certificate);
  const Owned<evp_pkey_st> key = key_of(identity.key);
  const bool matches = !chain.empty() && key && X509_check_private_key(chain.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (matches) return std::nullopt;
  return "does not belong to the certificate";
}

std::optional<std::string> problem_of_dates(std::string_view certificate) {
  const std::vector<Owned<x509_st>> chain = certificates_of(certificate);
  if (chain.empty()) return std::nullopt;
  if (X509_cmp_current_time(X509_get0_notAfter(chain.front().get())) < 0)
    return "holds a certificate that has expired";
  if (X509_cmp_current_time(X509_get0_notBefore(chain.front().get())) > 0)
    return "holds a certificate that is not valid yet";
  return std::nullopt;
}

std::vector<std::string> names_of(const x509_st& certificate) {
  std::vector<std::string> names;
  auto* const all =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all, i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* const text = name->d.dNSName;
    names.push_back(lower({reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                           static_cast<std::size_t>(ASN1_STRING_length(text))}));
  }
  GENERAL_NAMES_free(all);
  return names;
}

}  // namespace switchgear::tls
