// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Synchronization

extension BrokerConnection {
    /// The times of a session that the broker has granted: its end, and the times to renew it (KIP-368).
    struct Session: Sendable {
        var beganAt: MonotonicTime
        /// The time to obtain the credentials, with a margin because their source may fail for a while.
        var prepareAt: MonotonicTime
        var renewAt: MonotonicTime
        var endsAt: MonotonicTime

        /// Brokers reject an earlier login.
        var renewableAt: MonotonicTime { self.beganAt + .milliseconds(1050) }

        /// The backoff between attempts to obtain the next session's credentials. It is longer than elsewhere, so that
        /// the attempts don't overload their source, and there is time until the session ends.
        func credentialsBackoff(initial: Duration) -> ExponentialBackoff {
            let longest = min(.seconds(10), (self.endsAt - self.beganAt) / 20)
            return ExponentialBackoff(initial: initial, maximum: max(longest, initial))
        }
    }

    /// Authenticates a new connection. Only ApiVersions may be sent before.
    func authenticate(by mechanism: any SASLMechanism, deadline: MonotonicTime) async throws(KafkaError) {
        let exchange = try await self.makeExchange(mechanism, deadline: deadline)
        try await self.perform(exchange, mechanism, isRenewal: false, deadline: deadline)
    }

    /// Re-authenticates before each session ends, until the connection closes. Requests in flight are answered, and new
    /// requests wait.
    func keepAuthenticated(by mechanism: any SASLMechanism) async {
        while self.isOpen, let session = self.session {
            guard await self.stillOpen(at: session.prepareAt) else { return }
            do throws(KafkaError) {
                try await self.renew(session, mechanism)
            } catch {
                // The client is closing its connections, with an error of its own for the waiting requests.
                if error.code == .cancelled, Task.isCancelled { return }
                if error.code != .cancelled {
                    self.logger(.warning, "A session could not be renewed", [(.error, error.description)])
                }
                self.close(error)
            }
        }
    }

    private func renew(_ session: Session, _ mechanism: any SASLMechanism) async throws(KafkaError) {
        var exchange = try await self.exchangeInTime(session, mechanism)
        guard await self.stillOpen(at: session.renewAt) else { throw .cancelled }
        // Any failure from here on closes the connection, and the held requests are never written.
        self.hold()
        let heldAt = self.loop.now
        // If the credentials are about to expire, the session lasts less than a second. Requests wait for its end.
        guard await self.stillOpen(at: session.renewableAt) else { throw .cancelled }
        // Requests in flight may take long, and brokers answer in order.
        guard await self.allIsRead() else { throw .cancelled }
        let deadline = self.loop.now + self.renewalTimeout
        if exchange.isExpired(at: Timestamp(millisecondsSince1970: self.loop.clock.coarseWallMilliseconds)) {
            exchange = try await self.makeExchange(mechanism, renewing: session, deadline: deadline)
        }
        // The broker may grant a session without an end.
        self.setSession(nil)
        try await self.perform(exchange, mechanism, isRenewal: true, deadline: deadline)
        self.release()
        self.security.authenticationSucceeded(logger: self.logger)
        self.logger(.debug, "Authenticated again")
        self.events(
            .reauthenticated(
                KafkaEvent.Reauthenticated(
                    broker: self.broker, mechanism: mechanism.name, duration: self.loop.now - heldAt)))
    }

    /// Waits until the broker can read the renewal. Returns false if the connection closes or the task is cancelled
    /// before.
    private func allIsRead() async -> Bool {
        while self.isOpen, !Task.isCancelled {
            if self.hasRequestsInFlight {
                await self.renewalSignal.wait(on: self.loop)
            } else if let pauseEnd = self.pauseEnd {
                // A broker doesn't read from a client that it throttles.
                await self.renewalSignal.wait(until: pauseEnd, on: self.loop)
            } else {
                return true
            }
        }
        return false
    }

    /// Requests without a response may still be unread, so in that case a renewal gets the time of a request.
    private var renewalTimeout: Duration {
        let timeout = self.configuration.connectionSetupTimeout
        return self.hasSentUnanswered
            ? max(timeout, self.configuration.requestTimeout) : timeout
    }

    /// Waits until a time. Returns false if the connection closes or the task is cancelled before.
    private func stillOpen(at time: MonotonicTime) async -> Bool {
        while self.isOpen, !Task.isCancelled {
            if self.loop.now >= time { return true }
            await self.renewalSignal.wait(until: time, on: self.loop)
        }
        return false
    }

    /// Obtains the credentials for the next session. Their source may fail for a while, so it retries until the current
    /// session ends.
    private func exchangeInTime(
        _ session: Session, _ mechanism: any SASLMechanism
    ) async throws(KafkaError) -> any SASLExchange {
        var failures = 0
        while true {
            do throws(KafkaError) {
                return try await self.makeExchange(
                    mechanism, renewing: session, deadline: max(session.endsAt, session.renewableAt))
            } catch {
                failures += 1
                let backoff = session.credentialsBackoff(initial: self.configuration.retryBackoff)
                let next = self.loop.now + backoff.delay(failures: failures, jitter: .random(in: 0..<1))
                guard self.isOpen, error.code != .cancelled, next < session.endsAt else { throw error }
                self.security.authenticationFailed(error, now: self.loop.now, logger: self.logger)
                await self.renewalSignal.wait(until: next, on: self.loop)
            }
        }
    }

    /// Runs the mechanism off the loop, because it may compute or block, and its author needn't know where it runs.
    private func makeExchange(
        _ mechanism: any SASLMechanism, renewing session: Session? = nil, deadline: MonotonicTime
    ) async throws(KafkaError) -> any SASLExchange {
        let server = KafkaServer(host: self.broker.host, port: self.broker.port)
        do {
            let now = self.loop.now
            return try await Deadline.run(deadline - now, on: self.loop.clock) {
                if let session, session.renewAt > now {
                    return try await mechanism.makeExchange(
                        with: server, renewingSessionThatEndsIn: session.endsAt - now, within: session.renewAt - now)
                }
                return try await mechanism.makeExchange(with: server)
            }
        } catch is Deadline.Passed {
            let limit =
                session == nil
                ? "a connection attempt has \(self.configuration.connectionSetupTimeout) in all (connectionSetupTimeout)"
                : "the session that they were to renew is over"
            throw KafkaError(
                .authenticationTimeout, "\(mechanism.credentialsSource) did not answer in time: \(limit).",
                broker: self.broker.description, isRetriable: true)
        } catch {
            throw self.authenticationError(error, mechanism)
        }
    }

    // MARK: Exchange

    private func perform(
        _ exchange: any SASLExchange, _ mechanism: any SASLMechanism, isRenewal: Bool, deadline: MonotonicTime
    ) async throws(KafkaError) {
        if let warning = exchange.warning { self.logger(.warning, "The SASL mechanism warns", [(.error, warning)]) }
        do throws(KafkaError) {
            try await self.agree(on: mechanism, isRenewal: isRenewal, deadline: deadline)
        } catch {
            // At a renewal, the broker knows the secret from the previous authentication.
            var error = error
            error.message = StruckSecrets(of: exchange, sent: []).strike(from: error.message)
            throw error
        }
        var exchange = exchange
        var challenge: Bytes?
        var sent: [Bytes] = []
        while true {
            let step: (exchange: any SASLExchange, response: SASLResponse)
            do {
                step = try await Self.respond(exchange, to: challenge)
            } catch {
                // The error may quote the broker.
                var error = self.authenticationError(error, mechanism)
                error.message = StruckSecrets(of: exchange, sent: sent).strike(from: error.message)
                throw error
            }
            exchange = step.exchange
            guard case .send(let bytes) = step.response else {
                let isAccepted = exchange.refusal == nil
                exchange.ended(isAccepted: isAccepted)
                guard isAccepted else { throw self.refusal(nil, exchange, mechanism, sent) }
                return
            }
            sent.append(bytes)
            do throws(KafkaError) {
                var request = SaslAuthenticateRequest()
                request.authBytes = bytes
                let answer = try await self.askDuringAuthentication(request, mechanism, deadline: deadline)
                guard answer.errorCode == .none else { throw self.refusal(answer, exchange, mechanism, sent) }
                challenge = answer.authBytes
                if answer.sessionLifetimeMs > 0 { self.beginSession(of: .milliseconds(answer.sessionLifetimeMs)) }
            } catch {
                guard error.brokerCode == .saslAuthenticationFailed || exchange.refusal != nil else { throw error }
                exchange.ended(isAccepted: false)
                // A refusal that the mechanism detects counts even if the broker then closes the connection, as some
                // do.
                let hasEnded = error.code == .connectionFailed || error.code == .authenticationTimeout
                throw hasEnded ? self.refusal(nil, exchange, mechanism, sent) : error
            }
        }
    }

    /// Runs off the loop, which the calling task prefers: SCRAM hashes for milliseconds, or as long as the broker
    /// demands.
    private static func respond(
        _ exchange: any SASLExchange, to challenge: Bytes?
    ) async throws -> (exchange: any SASLExchange, response: SASLResponse) {
        try await withTaskExecutorPreference(globalConcurrentExecutor) {
            var exchange = exchange
            let response = try exchange.respond(to: challenge)
            return (exchange, response)
        }
    }

    /// Negotiates the mechanism. Its messages follow in SaslAuthenticate requests (KIP-152).
    private func agree(
        on mechanism: any SASLMechanism, isRenewal: Bool, deadline: MonotonicTime
    ) async throws(KafkaError) {
        var request = SaslHandshakeRequest()
        request.mechanism = mechanism.name
        let answer = try await self.askDuringAuthentication(request, mechanism, deadline: deadline)
        switch answer.errorCode {
        case .none: return
        case .unsupportedSaslMechanism:
            let offered = answer.mechanisms.isEmpty ? "none" : answer.mechanisms.joined(separator: ", ")
            throw KafkaError(
                .authenticationFailed,
                "The broker does not offer the SASL mechanism \(mechanism.name) on this listener. It offers: \(offered).",
                brokerCode: answer.errorCode, broker: self.broker.description)
        case .illegalSaslState where isRenewal:
            throw KafkaError(
                .authenticationFailed, "The broker takes no other login on this connection now.",
                brokerCode: answer.errorCode, broker: self.broker.description, isRetriable: true)
        case .illegalSaslState:
            throw KafkaError(
                .authenticationFailed,
                "This listener takes no SASL: use the broker's SASL listener, or a security setting without it.",
                brokerCode: answer.errorCode, broker: self.broker.description)
        default:
            throw KafkaError(answer.errorCode, doing: "agreeing on a SASL mechanism", broker: self.broker)
        }
    }

    private func askDuringAuthentication<Request: KafkaRequest>(
        _ request: Request, _ mechanism: any SASLMechanism, deadline: MonotonicTime
    ) async throws(KafkaError) -> Request.Response {
        // After SaslHandshake version 0, the messages would have to be sent without requests (Kafka 0.10).
        let oldest: Int16 = Request.apiKey == .saslHandshake ? 1 : 0
        let version = try self.versions.version(for: Request.self, within: oldest...Int16.max)
        let promise = Promise<Request.Response>()
        self.submit(request, version: version, timeout: deadline - self.loop.now, isAuthentication: true) {
            promise.fulfill($0)
        }
        return try await self.answer(promise, mechanism)
    }

    private func answer<Answer: Sendable>(
        _ promise: Promise<Answer>, _ mechanism: any SASLMechanism
    ) async throws(KafkaError) -> Answer {
        do throws(KafkaError) {
            return try await promise.value()
        } catch {
            var error = error
            if error.code == .timedOut { error.code = .authenticationTimeout }
            if error.code == .connectionFailed {
                error.message =
                    "The broker ended the connection during authentication by \(mechanism.name): its log may tell why. "
                    + error.message
            }
            error.isOutcomeUnknown = false
            throw error
        }
    }

    private func beginSession(of lifetime: Duration) {
        let now = self.loop.now
        let window = self.configuration.sessionRenewal
        self.setSession(
            Session(
                beganAt: now, prepareAt: now + lifetime * (window.lowerBound - 0.15),
                renewAt: now + lifetime * Double.random(in: window), endsAt: now + lifetime))
    }

    // MARK: Errors

    private func refusal(
        _ answer: SaslAuthenticateResponse?, _ exchange: any SASLExchange, _ mechanism: any SASLMechanism,
        _ sent: [Bytes]
    ) -> KafkaError {
        // A broker may quote what it has received.
        let secrets = StruckSecrets(of: exchange, sent: sent)
        var reasons = [answer?.errorMessage ?? "", exchange.refusal ?? ""].map { secrets.strike(from: $0) }
        // Both texts may be the same.
        if reasons[0].contains(reasons[1]) { reasons.remove(at: 1) }
        if reasons.count > 1, reasons[1].contains(reasons[0]) { reasons.remove(at: 0) }
        let reason = reasons.filter { !$0.isEmpty }.joined(separator: " ")
        return KafkaError(
            .authenticationFailed,
            "The broker refused the \(mechanism.name) credentials: "
                + (reason.isEmpty ? "it gives no reason" : KafkaError.quoted(reason)),
            brokerCode: answer?.errorCode, broker: self.broker.description)
    }

    private func authenticationError(_ error: any Error, _ mechanism: any SASLMechanism) -> KafkaError {
        // A provider may throw a CancellationError although this task isn't cancelled.
        if error is CancellationError, Task.isCancelled { return .cancelled }
        guard var error = error as? KafkaError else {
            return KafkaError(
                .authenticationFailed, "The SASL mechanism \(mechanism.name) failed: \(error).",
                broker: self.broker.description, isRetriable: true, underlyingError: error)
        }
        if error.broker == nil { error.broker = self.broker.description }
        return error
    }
}
