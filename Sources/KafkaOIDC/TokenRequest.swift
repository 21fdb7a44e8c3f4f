// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTransport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension KafkaError {
    /// - Parameter what: What the endpoint did, as the end of a sentence.
    static func tokenEndpoint(
        _ address: HTTPAddress, _ what: String, _ code: KafkaError.Code = .authenticationFailed,
        isRetriable: Bool = false, underlyingError: (any Error)? = nil
    ) -> KafkaError {
        KafkaError(
            code, "The token endpoint \(address) \(what)", isRetriable: isRetriable, underlyingError: underlyingError)
    }

    static func invalidConfiguration(_ message: String) -> KafkaError {
        KafkaError(.invalidConfiguration, message)
    }
}

/// A request for a token, with its retries.
struct TokenRequest: Sendable {
    /// The content of one attempt. It is made anew for each, because an assertion can be used only once.
    struct Form: Sendable {
        var parameters: [(name: String, value: String)]
        var headers: [(name: String, value: String)] = []
        /// The texts to remove from errors, even if the server quotes them.
        var secrets: [String]
    }

    private let endpoint: TokenEndpoint
    private let address: HTTPAddress

    /// Throws an error if the endpoint's settings are invalid.
    ///
    /// - Parameter parameters: The names of the parameters that the provider sets itself.
    init(_ endpoint: TokenEndpoint, parameters: Set<String>) throws(KafkaError) {
        if let name = parameters.intersection(endpoint.additionalParameters.keys).min() {
            throw .invalidConfiguration("The parameter \(name) is set by the provider, not as an additional one.")
        }
        self.endpoint = endpoint
        self.address = try HTTPAddress(endpoint)
        guard endpoint.timeout > .zero else {
            throw .invalidConfiguration("The token endpoint's timeout must be more than zero.")
        }
        guard endpoint.retryBackoff > .zero, endpoint.retryBackoffMax >= endpoint.retryBackoff else {
            throw .invalidConfiguration(
                "The token endpoint's retryBackoff must be more than zero, and no more than retryBackoffMax.")
        }
        guard endpoint.maxResponseSize > 0 else {
            throw .invalidConfiguration("The token endpoint's maxResponseSize must be more than zero.")
        }
        // Report invalid TLS settings now rather than with the first request.
        if self.address.isSecure { _ = try endpoint.tls.makeContext() }
    }

    /// The reason why an attempt returned no token.
    private struct Failure: Error {
        var error: KafkaError
        /// The wait that the server asks for.
        var retryAfter: Duration?
    }

    func token(_ makeForm: @escaping @Sendable () async throws -> Form) async throws -> OAuthBearerToken {
        // The last error, to report if the time runs out.
        let last = Lock<KafkaError?>(nil)
        let clock = LoopClock.system
        let deadline = clock.now + self.endpoint.timeout
        do {
            return try await Deadline.run(self.endpoint.timeout, on: clock) {
                var failures = 0
                while true {
                    do {
                        return try await self.attempt(makeForm)
                    } catch let failure as Failure {
                        guard failure.error.isRetriable else { throw failure.error }
                        last.withLock { $0 = failure.error }
                        failures += 1
                        let backoff = ExponentialBackoff(
                            initial: self.endpoint.retryBackoff, maximum: self.endpoint.retryBackoffMax)
                        let delay = backoff.delay(failures: failures, jitter: .random(in: 0..<1))
                        let retryAfter = failure.retryAfter ?? .zero
                        guard retryAfter < deadline - clock.now else { throw self.notInTime(failure.error, retryAfter) }
                        try await clock.sleep(for: max(delay, retryAfter))
                    }
                }
            }
        } catch is Deadline.Passed {
            let timeout = "gave no token within \(self.endpoint.timeout)"
            guard let error = last.withLock({ $0 }) else {
                throw KafkaError.tokenEndpoint(
                    self.address, "\(timeout): it did not answer.", .authenticationTimeout, isRetriable: true)
            }
            throw KafkaError.tokenEndpoint(
                self.address, "\(timeout). The last attempt: \(error.message)", error.code, isRetriable: true,
                underlyingError: error)
        }
    }

    private func notInTime(_ error: KafkaError, _ retryAfter: Duration) -> KafkaError {
        KafkaError(
            error.code,
            """
            \(error.message) It wants to be left alone for \(retryAfter) (Retry-After), longer than is left of the \
            \(self.endpoint.timeout) that a token may take.
            """, isRetriable: true, underlyingError: error)
    }

    private func attempt(_ makeForm: @Sendable () async throws -> Form) async throws -> OAuthBearerToken {
        let (form, context) = try await self.prepared(makeForm)
        let requestedAt = Int64(Date().timeIntervalSince1970 * 1000)
        let response: HTTPResponse
        do {
            response = try await HTTPExchange.post(
                FormEncoding.encode(form.parameters), headers: form.headers, to: self.address,
                tls: context,
                limit: self.endpoint.maxResponseSize, timeout: self.endpoint.timeout)
        } catch let error as TransportError {
            throw Failure(error: self.failure(error))
        } catch let error as HTTPFailure {
            throw Failure(error: self.failure(error))
        }
        guard response.status == 200 else { throw self.refusal(response, form) }
        guard let answer = TokenResponse(response.body) else {
            throw Failure(error: .tokenEndpoint(self.address, "answered with something that is no JSON object."))
        }
        // Some servers refuse with status 200.
        if answer.accessToken == nil, let text = TokenErrorResponse.text(response.body, without: form.secrets) {
            throw Failure(error: .tokenEndpoint(self.address, "refused: \(text)."))
        }
        do throws(KafkaError) {
            return try answer.token(requestedAt: requestedAt, from: self.address)
        } catch {
            throw Failure(error: error)
        }
    }

    private func prepared(
        _ makeForm: @Sendable () async throws -> Form
    ) async throws -> (Form, TLSContext?) {
        do {
            var form = try await makeForm()
            form.secrets += self.endpoint.secrets
            return (form, self.address.isSecure ? try self.endpoint.tls.makeContext() : nil)
        } catch let error as KafkaError where error.code == .invalidConfiguration || error.isRetriable {
            // The settings were valid when the request was created, so a file is probably incomplete or not there yet.
            throw Failure(
                error: KafkaError(error.code, error.message, isRetriable: true, underlyingError: error.underlyingError))
        }
    }

    private func refusal(_ response: HTTPResponse, _ form: Form) -> Failure {
        let status = response.status
        let text = TokenErrorResponse.text(response.body, without: form.secrets).map { " \($0)" } ?? ""
        switch status {
        case 408, 429, 500...:
            let seconds = response.headers["retry-after"].flatMap { UInt32($0) }
            return Failure(
                error: .tokenEndpoint(
                    self.address, "failed with the status \(status)\(text).", isRetriable: true),
                retryAfter: seconds.map { .seconds($0) })
        case 300..<400:
            return Failure(
                error: .tokenEndpoint(
                    self.address, "redirects (status \(status)), which is not followed: give the address it leads to."))
        default:
            return Failure(error: .tokenEndpoint(self.address, "refused with the status \(status)\(text)."))
        }
    }

    private func failure(_ error: TransportError) -> KafkaError {
        switch error {
        case .cancelled:
            return KafkaError(.cancelled, "The task was cancelled while it waited for a token.")
        case .tls(let failure):
            let isRetriable =
                switch failure {
                case .closedInHandshake, .timedOut, .other: true
                default: false
                }
            return .tokenEndpoint(
                self.address, "can't be reached over TLS: \(failure).", .tlsFailed, isRetriable: isRetriable,
                underlyingError: failure)
        default:
            return .tokenEndpoint(
                self.address, "can't be reached: \(error).", .connectionFailed, isRetriable: true,
                underlyingError: error)
        }
    }

    private func failure(_ failure: HTTPFailure) -> KafkaError {
        switch failure {
        case .malformed(let what):
            .tokenEndpoint(self.address, "can't be understood: \(what).", .protocolError, underlyingError: failure)
        case .tooLarge(let limit):
            .tokenEndpoint(
                self.address, "answered with more than \(limit) bytes.", .protocolError, underlyingError: failure)
        case .incomplete:
            .tokenEndpoint(
                self.address, "closed the connection before its answer was whole.", .connectionFailed,
                isRetriable: true, underlyingError: failure)
        }
    }
}
