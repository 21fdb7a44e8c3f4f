// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

#if GSSAPI

import KafkaTransport
import Synchronization

/// Kerberos 5 (RFC 4752) with the system's library and `krb5.conf`.
///
/// The service principal is `kafka/` followed by the broker's advertised host, in the realm that `krb5.conf` or the KDC
/// assigns to that host. As in Kafka's Java client, only IP addresses and short host names are resolved through DNS.
///
/// Calls that contact the KDC block, so they run on dedicated threads.
public struct GSSAPIMechanism: SASLMechanism {
    /// `GSSAPI`.
    public var name: String { "GSSAPI" }

    private let serviceName: String
    private let credentials: KerberosCredentials
    private let authorizationID: String?
    /// The ticket cache. Tickets obtained with a keytab are cached in memory, separately for each mechanism.
    private let cache: String?

    /// An unresponsive KDC blocks a thread until the library's timeout, about 30 s.
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

    /// Obtains a ticket for the broker. Only the waiting ends when the task is cancelled, because a call of the Kerberos
    /// library can't be interrupted.
    ///
    /// - Parameter server: The broker, whose host is part of the service principal.
    /// - Returns: The exchange with the first message, which contains the ticket.
    /// - Throws: `.authenticationFailed` if there are no credentials or the KDC issues no ticket (`isRetriable` if the KDC
    ///   can't be reached), `.invalidConfiguration` if the service name isn't valid or `krb5.conf` can't be read, and
    ///   `CancellationError` if the task is cancelled.
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
    /// GSSAPI. Requires the package trait `GSSAPI`.
    ///
    /// - Parameters:
    ///   - credentials: The source of tickets. Default: the system's ticket cache.
    ///   - serviceName: The service name of the brokers (`sasl.kerberos.service.name`). Default: `kafka`.
    ///   - authorizationID: The user to act as, if not the owner of the tickets. Default: nil.
    public static func gssapi(
        _ credentials: KerberosCredentials = .ticketCache(), serviceName: String = "kafka",
        authorizationID: String? = nil
    ) -> GSSAPIMechanism {
        GSSAPIMechanism(serviceName: serviceName, credentials: credentials, authorizationID: authorizationID)
    }
}

#endif
