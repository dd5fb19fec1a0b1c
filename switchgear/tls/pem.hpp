// Certificates and keys as PEM texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "switchgear/tls/native.hpp"

namespace switchgear::tls {

/// A certificate, the certificates between it and its authority behind it, and its private key: PEM texts.
struct Identity {
  std::string certificate;
  std::string key;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// Each of these says what is wrong, as the end of a sentence that begins with the text's name ("holds no
// private key in PEM form"), or nothing. None of them quotes the text. Threads: any.

[[nodiscard]] std::optional<std::string> problem_of_certificates(std::string_view pem);
/// An encrypted key cannot be used: a server that starts by itself cannot ask for its passphrase.
[[nodiscard]] std::optional<std::string> problem_of_key(std::string_view pem);
/// Of the key, once both texts are good by themselves.
[[nodiscard]] std::optional<std::string> problem_of_pair(const Identity& identity);
/// Of the first certificate, at this moment: it has expired, or is not valid yet.
[[nodiscard]] std::optional<std::string> problem_of_dates(std::string_view certificate);

/// In their order. Empty when there is none, or one that cannot be read.
[[nodiscard]] std::vector<Owned<x509_st>> certificates_of(std::string_view pem);
/// Null when there is none that can be used.
[[nodiscard]] Owned<evp_pkey_st> key_of(std::string_view pem);

/// The names that a certificate is for, in lower case; `*.example.com` is one.
[[nodiscard]] std::vector<std::string> names_of(const x509_st& certificate);

}  // namespace switchgear::tls
