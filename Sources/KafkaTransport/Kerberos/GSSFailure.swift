// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI

/// An error of the Kerberos library.
package struct GSSFailure: Error, Hashable, Sendable {
    /// The library's message.
    package let reason: String
    /// Whether the KDC could not be reached, which may be temporary.
    package let isUnreachable: Bool

    /// Creates the error on the thread on which it occurred, because the library keeps messages per thread.
    init(_ major: OM_uint32, _ minor: OM_uint32) {
        // If the mechanism has a message, the general one is only "unspecified failure".
        let own = Self.words(minor, GSS_C_MECH_CODE)
        self.reason = own.isEmpty ? Self.words(major, GSS_C_GSS_CODE) : own
        self.isUnreachable = kafka_gss_is_unreachable(minor) != 0
    }

    /// Throws if the status is that of a failed call.
    static func check(_ major: OM_uint32, _ minor: OM_uint32) throws(GSSFailure) {
        if kafka_gss_failed(major) != 0 { throw GSSFailure(major, minor) }
    }

    private static func words(_ status: OM_uint32, _ kind: Int32) -> String {
        guard status != 0 else { return "" }
        var words: [String] = []
        var context: OM_uint32 = 0
        repeat {
            var minor: OM_uint32 = 0
            var buffer = gss_buffer_desc()
            guard gss_display_status(&minor, status, kind, gss_mech_krb5, &context, &buffer) == 0 else { break }
            words.append(String(decoding: GSSBuffer.take(&buffer), as: UTF8.self))
        } while context != 0 && words.count < 10
        return words.joined(separator: "; ")
    }
}

#endif
