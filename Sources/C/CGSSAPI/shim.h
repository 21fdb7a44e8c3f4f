// MIT Kerberos' GSS-API: its macros, and what lies in unions and in lists that have to be freed, as functions.
#ifndef ASYNC_KAFKA_GSSAPI_H
#define ASYNC_KAFKA_GSSAPI_H

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <string.h>

static inline int kafka_gss_failed(OM_uint32 major) { return GSS_ERROR(major) != 0; }

static inline int kafka_gss_continues(OM_uint32 major) { return (major & GSS_S_CONTINUE_NEEDED) != 0; }

// Whether the KDC was not reached, which may be otherwise a moment later.
static inline int kafka_gss_is_unreachable(OM_uint32 minor) {
    return minor == (OM_uint32)KRB5_KDC_UNREACH || minor == (OM_uint32)KRB5_REALM_CANT_RESOLVE;
}

// The realm that krb5.conf gives a host; empty for the one that the KDC says. Returns 0, or Kerberos' error.
static inline int kafka_krb5_realm_of_host(const char *host, char *realm, size_t size) {
    krb5_context context = NULL;
    krb5_error_code error = krb5_init_context(&context);
    if (error != 0) return (int)error;
    char **realms = NULL;
    error = krb5_get_host_realm(context, host, &realms);
    realm[0] = 0;
    if (error == 0) {
        if (realms != NULL && realms[0] != NULL && strlen(realms[0]) < size) strcpy(realm, realms[0]);
        krb5_free_host_realm(context, realms);
    }
    krb5_free_context(context);
    return (int)error;
}

static inline OM_uint32 kafka_gss_acquire(
    OM_uint32 *minor, gss_name_t name, gss_cred_usage_t usage, gss_key_value_set_desc store,
    gss_cred_id_t *credentials) {
    gss_OID_set_desc mechanisms = {1, gss_mech_krb5};
    return gss_acquire_cred_from(
        minor, name, GSS_C_INDEFINITE, &mechanisms, usage, store.count == 0 ? GSS_C_NO_CRED_STORE : &store, credentials,
        NULL, NULL);
}

// Credentials to begin contexts with, out of a keytab, a cache or both (NULL for the system's own).
static inline OM_uint32 kafka_gss_acquire_for_client(
    OM_uint32 *minor, gss_name_t name, const char *keytab, const char *cache, gss_cred_id_t *credentials) {
    gss_key_value_element_desc elements[2];
    gss_key_value_set_desc store = {0, elements};
    if (keytab != NULL) elements[store.count++] = (gss_key_value_element_desc){"client_keytab", keytab};
    if (cache != NULL) elements[store.count++] = (gss_key_value_element_desc){"ccache", cache};
    return kafka_gss_acquire(minor, name, GSS_C_INITIATE, store, credentials);
}

// Credentials to accept contexts with, out of a keytab.
static inline OM_uint32 kafka_gss_acquire_for_service(
    OM_uint32 *minor, gss_name_t name, const char *keytab, gss_cred_id_t *credentials) {
    gss_key_value_element_desc elements[1] = {{"keytab", keytab}};
    return kafka_gss_acquire(minor, name, GSS_C_ACCEPT, (gss_key_value_set_desc){1, elements}, credentials);
}

#endif
