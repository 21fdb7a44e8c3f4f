// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

extension BrokerConnection {
    typealias OnClose = @Sendable (BrokerConnection, KafkaError) -> Void

    /// Connects, agrees on versions and authenticates, within the set-up timeout.
    ///
    /// A name may have several addresses: the next one is tried after whatever fails before ApiVersions is answered, since
    /// until then nothing says that a broker is there at all. What fails later is the broker's word, and final.
    static func open(
        to broker: Broker, configuration: KafkaClientConfiguration, security: ConnectionSecurity, loop: EventLoop,
        logger: Logger, onClose: @escaping OnClose
    ) async throws(KafkaError) -> BrokerConnection {
        let deadline = loop.now + configuration.connectionSetupTimeout
        let logger = logger.with([(.broker, broker.description)])
        let connection = try await Self.reach(
            broker, configuration: configuration, security: security, loop: loop, logger: logger, onClose: onClose,
            deadline: deadline)
        if let mechanism = security.mechanism {
            do throws(KafkaError) {
                security.warnOfPlaintextCredentials(to: broker)
                try await connection.authenticate(by: mechanism, deadline: deadline)
            } catch {
                let error = connection.reasonForEnd(error)
                security.authenticationFailed(error, now: loop.now, logger: logger)
                throw error
            }
            security.authenticationSucceeded(logger: logger)
        }
        security.noteSuitable(for: broker)
        connection.armIdleTimer()
        logger(.debug, "Connected")
        return connection
    }

    /// A connection to the first of the broker's addresses that tells which versions it speaks.
    private static func reach(
        _ broker: Broker, configuration: KafkaClientConfiguration, security: ConnectionSecurity, loop: EventLoop,
        logger: Logger, onClose: @escaping OnClose, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        let resolver = configuration.nameResolver
        let isKnown = security.isSuitable(for: broker)
        var attempts: AddressAttempts
        do {
            attempts = try await resolver.attempts(
                host: broker.host, port: broker.port, on: loop, deadline: deadline)
        } catch {
            throw KafkaError(error, broker: broker)
        }
        let hasChoice = attempts.addresses.count > 1
        var failures: [(address: SocketAddress, error: KafkaError)] = []
        while let attempt = attempts.next(now: loop.now) {
            do throws(KafkaError) {
                let channel: SocketChannel
                do {
                    channel = try await SocketChannel.connect(
                        to: attempt, host: broker.host, port: broker.port, tls: security.tlsContext(), loop: loop,
                        maximumFrameSize: configuration.maximumResponseSize)
                } catch {
                    throw KafkaError(error, broker: broker, isKnown: isKnown)
                }
                let connection = BrokerConnection(
                    broker: broker, channel: channel, configuration: configuration, security: security, loop: loop,
                    logger: logger, isKnown: isKnown, onClose: onClose)
                channel.start(connection)
                do throws(KafkaError) {
                    try await connection.negotiateVersions(deadline: attempt.deadline)
                } catch {
                    throw connection.reasonForEnd(error)
                }
                connection.noteAnswered()
                if hasChoice { resolver.note(attempt.address, isGood: true) }
                return connection
            } catch {
                switch error.code {
                case .cancelled, .closed, .invalidConfiguration: throw error
                default: break
                }
                if hasChoice {
                    resolver.note(attempt.address, isGood: false)
                    logger(
                        .debug, "An address failed",
                        [(.address, attempt.address.description), (.error, error.description)])
                }
                failures.append((attempt.address, error))
            }
        }
        throw Self.summary(of: failures, broker: broker)
    }

    /// Ends the connection whose set-up failed: why it did.
    private func reasonForEnd(_ error: KafkaError) -> KafkaError {
        self.close(error)
        // With TLS 1.3 a server refuses a certificate after the handshake: then that is the reason, not the request's.
        let closed = self.closedError
        var reason = closed.isRetriable ? error : closed
        // Whatever the connection was for has not been sent.
        reason.isOutcomeUnknown = false
        return reason
    }

    /// One error for addresses that all failed. It may pass if one of them may.
    private static func summary(
        of failures: [(address: SocketAddress, error: KafkaError)], broker: Broker
    ) -> KafkaError {
        guard let last = failures.last else {
            return KafkaError(
                .connectionFailed, "No connection in time.", broker: broker.description, isRetriable: true)
        }
        guard failures.count > 1 else { return last.error }
        var error = failures.last { $0.error.isRetriable }?.error ?? last.error
        let list = failures.map { "\($0.address): \($0.error.message)" }.joined(separator: " ")
        error.message = "None of the \(failures.count) addresses of \(broker.host) that were tried is well. \(list)"
        return error
    }
}
