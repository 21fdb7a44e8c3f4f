// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Synchronization

/// The TLS contexts and the SASL mechanism of a client's connections, shared by all of them.
final class ConnectionSecurity: Sendable {
    let mechanism: (any SASLMechanism)?
    private let contexts: TLSContextSource?
    private let logger: Logger
    private let hasWarned = Atomic(false)
    private let failures = Lock(FailureReport())
    /// The servers that have accepted a connection.
    private let suitable = Lock<Set<KafkaServer>>([])

    /// Bounds the set, since broker names may change without end in a long-lived process.
    private static let suitableLimit = 10_000

    /// Throws if a certificate, key or setting is invalid.
    init(_ security: KafkaSecurity, logger: Logger) throws(KafkaError) {
        self.mechanism = security.mechanism
        self.logger = logger
        switch security.transport {
        case .plaintext: self.contexts = nil
        case .tls(let configuration): self.contexts = try TLSContextSource(configuration, logger: logger)
        }
    }

    /// Neither TLS nor SASL.
    static let plaintext = ConnectionSecurity()

    private init() {
        self.mechanism = nil
        self.contexts = nil
        self.logger = Logger(SilentLog())
    }

    /// The TLS context for a new connection, or nil for plaintext.
    func tlsContext() -> TLSContext? {
        self.contexts?.current()
    }

    // MARK: Known servers

    /// Notes that the server has accepted a connection with these settings.
    func noteSuitable(for broker: Broker) {
        let server = KafkaServer(host: broker.host, port: broker.port)
        self.suitable.withLock { suitable in
            if suitable.count >= Self.suitableLimit { suitable = [] }
            suitable.insert(server)
        }
    }

    func isSuitable(for broker: Broker) -> Bool {
        let server = KafkaServer(host: broker.host, port: broker.port)
        return self.suitable.withLock { $0.contains(server) }
    }

    // MARK: Logging

    /// Logs a warning about a failed authentication: for the first failure, then once a minute.
    func authenticationFailed(_ error: KafkaError, now: MonotonicTime, logger: Logger) {
        switch error.code {
        case .cancelled, .closed: return
        default: break
        }
        guard let count = self.failures.withLock({ $0.failed(now: now) }) else { return }
        logger(
            .warning, "An authentication failed; it will be tried again",
            [(.error, error.description), (.count, "\(count)")])
    }

    func authenticationSucceeded(logger: Logger) {
        if self.failures.withLock({ $0.succeeded() }) { logger(.info, "Authenticated, after attempts that failed") }
    }

    /// Warns once if credentials are about to be sent over an unencrypted network.
    func warnOfPlaintextCredentials(to broker: Broker) {
        guard self.mechanism != nil, self.contexts == nil, !SocketAddress.isLoopback(host: broker.host) else { return }
        guard !self.hasWarned.exchange(true, ordering: .relaxed) else { return }
        self.logger(
            .warning, "Credentials are sent over plaintext: anybody on the way can use them. Use TLS beneath SASL.",
            [(.broker, broker.description)])
    }
}
