// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI

/// Who somebody is to Kerberos, and what proves it: tickets that a client gets, or keys that a service has. Freed with the
/// object, and used from any thread.
package final class GSSCredentials: @unchecked Sendable {
    /// The library locks what it needs to.
    let handle: gss_cred_id_t?

    private init(_ handle: gss_cred_id_t?) {
        self.handle = handle
    }

    deinit {
        var minor: OM_uint32 = 0
        var handle = self.handle
        if handle != nil { gss_release_cred(&minor, &handle) }
    }

    /// A client's. With a keytab this asks the KDC for a ticket, unless the cache has one that lasts: it blocks.
    ///
    /// - Parameters:
    ///   - principal: whose they must be; nil for whomever the cache is of.
    ///   - cache: where tickets are; nil for the system's own.
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

    /// A service's, whose keys are in the keytab. Nobody is asked for anything.
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
