// OpenSSL's macros, as functions: Swift sees no macros that take arguments.
#ifndef ASYNC_KAFKA_OPENSSL_H
#define ASYNC_KAFKA_OPENSSL_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#if OPENSSL_VERSION_NUMBER < 0x30000000L
#error "AsyncKafka needs OpenSSL 3"
#endif

static inline void kafka_SSL_CTX_set_modes(SSL_CTX *context) {
    // Several records are received by one call, into a buffer that is there only while a connection reads.
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, 64 << 10);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
    // Renegotiation has done nothing but harm; a missing farewell does none here, since frames have lengths.
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline int kafka_SSL_CTX_set_versions(SSL_CTX *context, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(context, minimum) && SSL_CTX_set_max_proto_version(context, maximum);
}

static inline int kafka_SSL_CTX_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

// Sessions are kept by the client itself, one for each server.
static inline void kafka_SSL_CTX_keep_client_sessions(SSL_CTX *context, int (*callback)(SSL *, SSL_SESSION *)) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, callback);
}

static inline int kafka_SSL_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void kafka_BIO_retry_read(BIO *bio) {
    BIO_clear_retry_flags(bio);
    BIO_set_retry_read(bio);
}

static inline void kafka_BIO_no_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

// The format of RFC 2253, in which Java shows the names of certificates.
static inline int kafka_print_name(BIO *target, const X509_NAME *name) {
    return X509_NAME_print_ex(target, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
}

static inline X509 *kafka_certificate_at(const STACK_OF(X509) *certificates, int index) {
    return index < sk_X509_num(certificates) ? sk_X509_value(certificates, index) : NULL;
}

static inline void kafka_free_certificates(STACK_OF(X509) *certificates) { sk_X509_pop_free(certificates, X509_free); }

static inline STACK_OF(GENERAL_NAME) *kafka_alternative_names(const X509 *certificate) {
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline const GENERAL_NAME *kafka_name_at(const STACK_OF(GENERAL_NAME) *names, int index) {
    return index < sk_GENERAL_NAME_num(names) ? sk_GENERAL_NAME_value(names, index) : NULL;
}

// The bytes of a DNS name (type GEN_DNS) or of an address (GEN_IPADD).
static inline const unsigned char *kafka_name_bytes(const GENERAL_NAME *name, int *count) {
    const ASN1_STRING *string = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    *count = ASN1_STRING_length(string);
    return ASN1_STRING_get0_data(string);
}

static inline int kafka_name_type(const GENERAL_NAME *name) { return name->type; }

static inline void kafka_free_names(STACK_OF(GENERAL_NAME) *names) { GENERAL_NAMES_free(names); }

// Whether an error is that of an algorithm that no loaded provider has.
static inline int kafka_is_unsupported(unsigned long error) {
    return ERR_GET_LIB(error) == ERR_LIB_EVP && ERR_GET_REASON(error) == ERR_R_UNSUPPORTED;
}

// A new key on the curve P-256.
static inline EVP_PKEY *kafka_new_key(void) { return EVP_EC_gen("P-256"); }

// The bytes written to a BIO of memory so far.
static inline long kafka_BIO_bytes(BIO *bio, char **start) { return BIO_get_mem_data(bio, start); }

// An extension as OpenSSL's configuration files write it, such as NID_subject_alt_name with "DNS:localhost".
static inline int kafka_add_extension(X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    if (extension == NULL) return 0;
    int result = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return result;
}

#endif
