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

    /// Connects, negotiates versions and authenticates, within the connection setup timeout.
    ///
    /// The host name may have several addresses. After a failure before the answer to ApiVersions, another address is
    /// tried, because nothing shows yet that there is a broker. A later failure is the broker's decision, so no other
    /// address is tried.
    ///
    /// - Parameter tally: counts what happens on all connections of the client.
    static func open(
        to broker: Broker, configuration: KafkaClientConfiguration, security: ConnectionSecurity, loop: EventLoop,
        logger: Logger, tally: Lock<ConnectionTally>? = nil, onClose: @escaping OnClose
    ) async throws(KafkaError) -> BrokerConnection {
        let begin = loop.now
        let tally = tally ?? Lock(ConnectionTally(since: begin))
        do throws(KafkaError) {
            let connection = try await Self.attempt(
                broker, configuration: configuration, security: security, loop: loop,
                logger: logger.with([(.broker, broker.description)]), tally: tally, onClose: onClose,
                deadline: begin + configuration.connectionSetupTimeout)
            connection.noteOpening(since: begin)
            return connection
        } catch {
            tally.withLock { $0.attemptFailed(now: loop.now) }
            Events(observer: configuration.observer)(
                .connectionFailed(
                    KafkaEvent.ConnectionFailed(broker: broker, reason: error, duration: loop.now - begin)))
            throw error
        }
    }

    private static func attempt(
        _ broker: Broker, configuration: KafkaClientConfiguration, security: ConnectionSecurity, loop: EventLoop,
        logger: Logger, tally: Lock<ConnectionTally>, onClose: @escaping OnClose, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        let connection = try await Self.reach(
            broker, configuration: configuration, security: security, loop: loop, logger: logger, tally: tally,
            onClose: onClose, deadline: deadline)
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
            connection.noteSuitable()
        }
        connection.armIdleTimer()
        return connection
    }

    /// Returns a connection to the first of the broker's addresses that answers ApiVersions.
    private static func reach(
        _ broker: Broker, configuration: KafkaClientConfiguration, security: ConnectionSecurity, loop: EventLoop,
        logger: Logger, tally: Lock<ConnectionTally>, onClose: @escaping OnClose, deadline: MonotonicTime
    ) async throws(KafkaError) -> BrokerConnection {
        let acquaintance = security.isSuitable(for: broker) ? Acquaintance.known : .stranger
        var race: AddressRace
        do {
            race = try await AddressRace(
                host: broker.host, port: broker.port, loop: loop, deadline: deadline,
                resolver: configuration.nameResolver)
        } catch {
            throw KafkaError(error, broker: broker)
        }
        let hasChoice = race.addresses.count > 1
        var failures: [(address: SocketAddress, error: KafkaError)] = []
        func failed(_ address: SocketAddress, _ error: KafkaError) {
            failures.append((address, error))
            guard hasChoice else { return }
            logger(
                .debug, "An address failed", [(.address, address.description), (.error, error.description)])
        }
        while true {
            let reached: AddressRace.Reached?
            do {
                reached = try await race.next { failed($0, KafkaError($1, broker: broker, acquaintance: acquaintance)) }
            } catch {
                throw KafkaError(error, broker: broker, acquaintance: acquaintance)
            }
            guard let reached else { throw Self.summary(of: failures, broker: broker) }
            do throws(KafkaError) {
                let channel: SocketChannel
                do {
                    channel = try await reached.channel(
                        tls: security.tlsContext(), maximumFrameSize: configuration.maxResponseSize)
                } catch {
                    throw KafkaError(error, broker: broker, acquaintance: acquaintance)
                }
                let connection = BrokerConnection(
                    broker: broker, channel: channel, configuration: configuration, security: security, loop: loop,
                    logger: logger, acquaintance: acquaintance, tally: tally, onClose: onClose)
                channel.start(connection)
                do throws(KafkaError) {
                    try await connection.negotiateVersions(deadline: reached.deadline)
                } catch {
                    throw connection.reasonForEnd(error)
                }
                connection.noteVersions()
                race.succeeded(reached)
                return connection
            } catch {
                switch error.code {
                case .cancelled, .closed, .invalidConfiguration: throw error
                default: break
                }
                race.failed(reached)
                failed(reached.address, error)
            }
        }
    }

    /// Closes a connection whose setup has failed, and returns the reason.
    private func reasonForEnd(_ error: KafkaError) -> KafkaError {
        self.close(error)
        // With TLS 1.3, a server rejects a certificate after the handshake. Then that is the reason, rather than the
        // failed request.
        let closed = self.closedError
        var reason = closed.isRetriable ? error : closed
        // The request that needs the connection was not sent.
        reason.isOutcomeUnknown = false
        return reason
    }

    /// Combines the errors of all addresses into one, which is retriable if one of them is.
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
