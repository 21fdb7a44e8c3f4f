// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI

/// A Kerberos identity with its proof: a client's tickets or a service's keys.
///
/// The credentials are released with the object. Can be used from any thread.
package final class GSSCredentials: @unchecked Sendable {
    /// The library's handle, which it locks as needed.
    let handle: gss_cred_id_t?

    private init(_ handle: gss_cred_id_t?) {
        self.handle = handle
    }

    deinit {
        var minor: OM_uint32 = 0
        var handle = self.handle
        if handle != nil { gss_release_cred(&minor, &handle) }
    }

    /// Returns the credentials of a client.
    ///
    /// With a keytab this blocks: it asks the KDC for a ticket, unless the cache has a valid one.
    ///
    /// - Parameters:
    ///   - principal: The principal that the credentials must be for, or nil for that of the cache.
    ///   - keytab: The keytab with the principal's keys, or nil to use only the cache.
    ///   - cache: The credential cache, or nil for the system's default.
    package static func client(principal: GSSName?, keytab: String?, cache: String?) throws(GSSFailure)
        -> GSSCredentials
    {
        var minor: OM_uint32 = 0
        var handle: gss_cred_id_t?
        let major = Self.lend(keytab) { keytab in
            Self.lend(cache) { cache in
                kafka_gss_acquire_for_client(&minor, principal?.handle, keytab, cache, &handle)
            }
        }
        try GSSFailure.check(major, minor)
        return GSSCredentials(handle)
    }

    /// Returns the credentials of a service, whose keys are in the keytab. Doesn't contact the KDC.
    package static func service(_ principal: GSSName, keytab: String) throws(GSSFailure)
        -> GSSCredentials
    {
        var minor: OM_uint32 = 0
        var handle: gss_cred_id_t?
        let major = keytab.withCString { keytab in
            kafka_gss_acquire_for_service(&minor, principal.handle, keytab, &handle)
        }
        try GSSFailure.check(major, minor)
        return GSSCredentials(handle)
    }

    private static func lend<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return text.withCString { body($0) }
    }
}

#endif
