// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import CGSSAPI
import KafkaMemory

/// A security context between two Kerberos peers (RFC 2743, RFC 4121): they authenticate each other and can then send
/// integrity-protected messages. Can be used from any thread.
package final class GSSContext: Sendable {
    private enum Side: Sendable {
        case client(GSSCredentials, service: GSSName)
        case service(GSSCredentials)
    }

    /// The library allows only one call at a time on a context.
    private struct Handle: @unchecked Sendable {
        var context: gss_ctx_id_t?
    }

    private let side: Side
    private let handle = Lock(Handle())

    /// Creates the context of the initiator.
    package init(client credentials: GSSCredentials, with service: GSSName) {
        self.side = .client(credentials, service: service)
    }

    /// Creates the context of the acceptor.
    package init(service credentials: GSSCredentials) {
        self.side = .service(credentials)
    }

    deinit {
        self.handle.withLock { handle in
            var minor: OM_uint32 = 0
            if handle.context != nil { gss_delete_sec_context(&minor, &handle.context, nil) }
        }
    }

    /// Processes the peer's token, which is nil at first, and returns the next token to send, which may be empty.
    ///
    /// `isComplete` is true when no further token of the peer is needed. A client's first step blocks, because it asks
    /// the KDC for a ticket for the service.
    package func step(_ token: [UInt8]?) throws(GSSFailure) -> (token: [UInt8], isComplete: Bool) {
        var minor: OM_uint32 = 0
        let (major, answer) = self.handle.withLock { handle -> (OM_uint32, [UInt8]) in
            var output = gss_buffer_desc()
            let major = GSSBuffer.lend(token ?? []) { input in
                switch self.side {
                case .client(let credentials, let service):
                    gss_init_sec_context(
                        &minor, credentials.handle, &handle.context, service.handle, gss_mech_krb5,
                        OM_uint32(GSS_C_MUTUAL_FLAG | GSS_C_INTEG_FLAG), 0, nil, token == nil ? nil : input, nil,
                        &output, nil, nil)
                case .service(let credentials):
                    gss_accept_sec_context(
                        &minor, &handle.context, credentials.handle, input, nil, nil, nil, &output, nil, nil, nil)
                }
            }
            return (major, GSSBuffer.take(&output))
        }
        try GSSFailure.check(major, minor)
        return (answer, kafka_gss_continues(major) == 0)
    }

    /// Returns the principal of the initiator. The acceptor knows it once the context is complete.
    package func client() throws(GSSFailure) -> String {
        var minor: OM_uint32 = 0
        var name: gss_name_t?
        let major = self.handle.withLock { handle in
            gss_inquire_context(&minor, handle.context, &name, nil, nil, nil, nil, nil, nil)
        }
        let client = GSSName(taking: name)
        try GSSFailure.check(major, minor)
        return try client.text()
    }

    /// Returns the message with integrity protection.
    package func wrap(_ message: [UInt8]) throws(GSSFailure) -> [UInt8] {
        var minor: OM_uint32 = 0
        let (major, wrapped) = self.handle.withLock { handle -> (OM_uint32, [UInt8]) in
            var output = gss_buffer_desc()
            let major = GSSBuffer.lend(message) { gss_wrap(&minor, handle.context, 0, 0, $0, nil, &output) }
            return (major, GSSBuffer.take(&output))
        }
        try GSSFailure.check(major, minor)
        return wrapped
    }

    /// Returns the message in an integrity-protected one, after checking it.
    package func unwrap(_ message: [UInt8]) throws(GSSFailure) -> [UInt8] {
        var minor: OM_uint32 = 0
        let (major, text) = self.handle.withLock { handle -> (OM_uint32, [UInt8]) in
            var output = gss_buffer_desc()
            let major = GSSBuffer.lend(message) { gss_unwrap(&minor, handle.context, $0, &output, nil, nil) }
            return (major, GSSBuffer.take(&output))
        }
        try GSSFailure.check(major, minor)
        return text
    }
}

#endif
