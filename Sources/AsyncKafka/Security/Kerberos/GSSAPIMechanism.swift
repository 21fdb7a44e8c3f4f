// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import KafkaTransport
import Synchronization

/// Kerberos 5 (RFC 4752), by the system's library and its `krb5.conf`.
///
/// The service that a ticket is asked for is `kafka/` and the broker's host, as the broker advertises it, in the realm that
/// `krb5.conf` gives that host, or the KDC. As with Kafka's Java client, only addresses and short names are looked up in DNS.
///
/// What asks the KDC blocks, and is done on threads kept for it.
public struct GSSAPIMechanism: SASLMechanism {
    /// `GSSAPI`.
    public var name: String { "GSSAPI" }

    private let serviceName: String
    private let credentials: KerberosCredentials
    private let authorizationID: String?
    /// Tickets that keys have fetched are kept in memory, by each mechanism for itself.
    private let cache: String?

    /// A KDC that does not answer keeps a thread for as long as the library is patient: some half a minute.
    private static let threads = BlockingThreads(named: "kafka-kerberos", maximum: 4)
    private static let caches = Atomic(0)

    init(serviceName: String, credentials: KerberosCredentials, authorizationID: String?) {
        self.serviceName = serviceName
        self.credentials = credentials
        self.authorizationID = authorizationID
        switch credentials {
        case .ticketCache(let path, _): self.cache = path
        case .keytab:
            self.cache = "MEMORY:async-kafka-\(Self.caches.add(1, ordering: .relaxed).newValue)"
        }
    }

    /// Gets a ticket for the broker.
    public func makeExchange(with server: KafkaServer) async throws -> any SASLExchange {
        let mechanism = self
        return try await Self.threads.run {
            let service = try KerberosService(name: mechanism.serviceName, host: server.host)
            let context = try KerberosContext(
                with: service, credentials: mechanism.credentials, cache: mechanism.cache)
            return GSSAPIExchange(
                context, first: try context.step(nil), authorizationID: mechanism.authorizationID,
                now: LoopClock.system.coarseWallMilliseconds)
        }
    }
}

extension SASLMechanism where Self == GSSAPIMechanism {
    /// GSSAPI. Needs the package trait `GSSAPI`.
    ///
    /// - Parameters:
    ///   - credentials: where the tickets come from. The system's ticket cache by default.
    ///   - serviceName: the brokers' (`sasl.kerberos.service.name`). `kafka` by default.
    ///   - authorizationID: whom to act as, if that is somebody else than the tickets' owner. Nobody else by default.
    public static func gssapi(
        _ credentials: KerberosCredentials = .ticketCache(), serviceName: String = "kafka",
        authorizationID: String? = nil
    ) -> GSSAPIMechanism {
        GSSAPIMechanism(serviceName: serviceName, credentials: credentials, authorizationID: authorizationID)
    }
}

#endif
