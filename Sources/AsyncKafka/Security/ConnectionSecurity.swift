// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport
import Synchronization

/// What a client's connections are secured with: made once, used by all.
final class ConnectionSecurity: Sendable {
    let mechanism: (any SASLMechanism)?
    private let contexts: TLSContextSource?
    private let logger: Logger
    private let hasWarned = Atomic(false)
    private let failures = Lock(FailureReport())
    /// The servers that were spoken to.
    private let suitable = Lock<Set<KafkaServer>>([])

    /// In a process that lives for long, brokers come and go under ever new names.
    private static let suitableLimit = 10_000

    /// Throws if a certificate, a key or a setting can't be used.
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

    /// What to speak TLS with on a new connection; nil for plaintext.
    func tlsContext() -> TLSContext? {
        self.contexts?.current()
    }

    // MARK: What is known of servers

    /// The server has taken a connection that is secured like this.
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

    // MARK: What is told

    /// Warns of an authentication that failed: of the first, then once a minute.
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

    /// Warns once if credentials are about to go over a network in the clear.
    func warnOfPlaintextCredentials(to broker: Broker) {
        guard self.mechanism != nil, self.contexts == nil, !SocketAddress.isLoopback(host: broker.host) else { return }
        guard !self.hasWarned.exchange(true, ordering: .relaxed) else { return }
        self.logger(
            .warning, "Credentials are sent over plaintext: anybody on the way can use them. Use TLS beneath SASL.",
            [(.broker, broker.description)])
    }
}
