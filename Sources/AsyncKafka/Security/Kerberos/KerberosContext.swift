// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import KafkaTransport

/// A security context with a broker, from the system's Kerberos library.
struct KerberosContext: SecurityContext {
    private let context: GSSContext
    private let service: KerberosService
    private let source: KerberosCredentials

    /// Blocks: with a keytab it requests tickets from the KDC, unless the cache has valid ones.
    init(
        with service: KerberosService, credentials source: KerberosCredentials, cache: String?
    ) throws(KafkaError) {
        let keytab: String? = if case .keytab(let path, _) = source { path } else { nil }
        let target = try Self.name(service.description)
        let owner: GSSName? = if let principal = source.principal { try Self.name(principal) } else { nil }
        let credentials = try Self.explaining("no tickets from \(source)") { () throws(GSSFailure) in
            try GSSCredentials.client(principal: owner, keytab: keytab, cache: cache)
        }
        self.context = GSSContext(client: credentials, with: target)
        self.service = service
        self.source = source
    }

    /// The first step blocks, since it requests a ticket for the broker from the KDC. Later steps don't.
    func step(_ token: [UInt8]?) throws(KafkaError) -> SecurityContextStep {
        let what =
            token == nil
            ? "no ticket for \(self.service) with \(self.source)"
            : "\(self.service) did not show that it is who it should be"
        let step = try Self.explaining(what) { () throws(GSSFailure) in try self.context.step(token) }
        return SecurityContextStep(token: step.token, isComplete: step.isComplete)
    }

    func unwrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] {
        try Self.explaining("\(self.service) sent a message that can't be believed") { () throws(GSSFailure) in
            try self.context.unwrap(message)
        }
    }

    func wrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] {
        try Self.explaining("a message to \(self.service) can't be protected") { () throws(GSSFailure) in
            try self.context.wrap(message)
        }
    }

    private static func name(_ principal: String) throws(KafkaError) -> GSSName {
        try Self.explaining("\"\(principal)\" is no principal's name") { () throws(GSSFailure) in
            try GSSName(principal)
        }
    }

    /// Throws an error that says what failed, with the library's reason.
    private static func explaining<Result>(
        _ what: String, _ body: () throws(GSSFailure) -> Result
    ) throws(KafkaError) -> Result {
        do {
            return try body()
        } catch {
            throw KafkaError(
                .authenticationFailed, "Kerberos: \(what): \(error.reason).", isRetriable: error.isUnreachable)
        }
    }
}

#endif
