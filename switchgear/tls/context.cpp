#include "switchgear/tls/context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>
#include <string_view>

#include "switchgear/tls/certificate_names.hpp"
#include "switchgear/tls/session.hpp"
#include "switchgear/tls/session_lifetime.hpp"

namespace switchgear::tls {

namespace {

using Context = Owned<ssl_ctx_st>;

/// A list of one, as the wire has it: its length first.
constexpr std::array<unsigned char, 9> http1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

[[noreturn]] void refuse(std::string_view what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  throw std::invalid_argument(std::string(what) + ": " + (reason != nullptr ? reason : "there is no memory"));
}

[[nodiscard]] Context new_context(const ssl_method_st* method, Version minimum) {
  Context context{SSL_CTX_new(method)};
  if (!context) refuse("no context can be made");
  SSL_CTX_set_min_proto_version(context.get(), minimum == Version::tls1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  return context;
}

void use_identity(ssl_ctx_st& context, const Identity& identity) {
  std::vector<Owned<x509_st>> chain = certificates_of(identity.certificate);
  if (chain.empty()) throw std::invalid_argument("the certificate cannot be read");
  if (SSL_CTX_use_certificate(&context, chain.front().get()) != 1) refuse("the certificate cannot be used");
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, chain[i].get()) != 1)
      refuse("the certificate's chain cannot be used");
  }
  const Owned<evp_pkey_st> key = key_of(identity.key);
  if (!key) throw std::invalid_argument("the key cannot be read");
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1) refuse("the key cannot be used");
}

void trust(ssl_ctx_st& context, std::string_view authorities, bool name_them) {
  const std::vector<Owned<x509_st>> all = certificates_of(authorities);
  if (all.empty()) throw std::invalid_argument("the authorities cannot be read");
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  for (const Owned<x509_st>& one : all) {
    if (X509_STORE_add_cert(store, one.get()) != 1) refuse("the authorities cannot be used");
    if (name_them && SSL_CTX_add_client_CA(&context, one.get()) != 1)
      refuse("the authorities cannot be used");
  }
}

int choose_protocol(ssl_st*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, http1.data(), http1.size(), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

// --- the side that connects

struct ClientContext::Made {
  ClientSettings settings;
  Context native;
};

ClientContext::ClientContext(const ClientSettings& settings) {
  Context context = new_context(TLS_client_method(), settings.minimum);
  if (settings.verify == Verify::peer) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (!settings.ca.empty()) {
      trust(*context, settings.ca, false);
    } else if (SSL_CTX_set_default_verify_paths(context.get()) != 1) {
      refuse("the system's authorities cannot be used");
    }
  }
  if (settings.identity) use_identity(*context, *settings.identity);
  if (SSL_CTX_set_alpn_protos(context.get(), http1.data(), http1.size()) != 0)
    refuse("no context can be made");
  SessionStore::attach(*context);
  ERR_clear_error();
  made_ = std::make_shared<const Made>(Made{settings, std::move(context)});
}

const ClientSettings& ClientContext::settings() const noexcept { return made_->settings; }
ssl_ctx_st* ClientContext::native() const noexcept { return made_->native.get(); }

// --- the side that is connected to

struct ServerContext::Made {
  ServerSettings settings;
  std::vector<Context> natives;  ///< one for each identity
  CertificateNames names;

  static int choose(ssl_st* ssl, int* /*alert*/, void* made) {
    const auto& self = *static_cast<const Made*>(made);
    const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const auto found = name == nullptr ? std::nullopt : self.names.find(name);
    if (!found) return SSL_TLSEXT_ERR_NOACK;
    if (*found != 0) SSL_set_SSL_CTX(ssl, self.natives[*found].get());
    return SSL_TLSEXT_ERR_OK;
  }
};

ServerContext::ServerContext(const ServerSettings& settings) {
  if (settings.identities.empty()) throw std::invalid_argument("there is no certificate");
  const auto made = std::make_shared<Made>();
  made->settings = settings;
  for (const Identity& identity : settings.identities) {
    Context context = new_context(TLS_server_method(), settings.minimum);
    use_identity(*context, identity);
    if (!settings.client_ca.empty()) {
      trust(*context, settings.client_ca, true);
      SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      end_tickets_with_certificates(*context);
    }
    SSL_CTX_set_alpn_select_cb(context.get(), &choose_protocol, nullptr);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets need none
    // Without it a session whose client showed a certificate is not resumed.
    constexpr std::string_view name = "switchgear";
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>(name.data()),
                                   name.size());
    made->names.add(names_of(*SSL_CTX_get0_certificate(context.get())), made->natives.size());
    made->natives.push_back(std::move(context));
  }
  if (made->natives.size() > 1) {
    SSL_CTX_set_tlsext_servername_callback(made->natives.front().get(), &Made::choose);
    SSL_CTX_set_tlsext_servername_arg(made->natives.front().get(), made.get());
  }
  ERR_clear_error();
  made_ = made;
}

const ServerSettings& ServerContext::settings() const noexcept { return made_->settings; }
ssl_ctx_st* ServerContext::native() const noexcept { return made_->natives.front().get(); }
bool ServerContext::is_for(std::string_view name) const noexcept {
  return made_->names.find(name).has_value();
}

// --- names

bool expect_name(ssl_st& ssl, const std::string& name) noexcept {
  const bool address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&ssl), name.c_str()) == 1;
  if (!address) {
    SSL_set_hostflags(&ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(&ssl, name.c_str()) != 1 || SSL_set_tlsext_host_name(&ssl, name.c_str()) != 1) {
      ERR_clear_error();
      return false;
    }
  }
  ERR_clear_error();
  return true;
}

}  // namespace switchgear::tls
