// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

extension KafkaError {
    /// Creates the error for a connection that can't be opened or has closed.
    ///
    /// - Parameter acquaintance: What this server has sent before, with the current security settings.
    init(_ error: TransportError, broker: Broker, acquaintance: Acquaintance = .stranger) {
        switch error {
        case .frameAboveLimit(let length, let limit):
            self.init(
                .protocolError,
                "An answer of \(length) bytes is larger than maxResponseSize (\(limit)), and was not read: raise it.",
                broker: broker.description, isRetriable: true, underlyingError: error)
        case .frameTooLarge(_, _, let firstBytes):
            self = .unintelligible(firstBytes, broker: broker, error: error)
        case .tls(let failure):
            self.init(failure, broker: broker, isKnown: acquaintance == .known)
        case .cancelled:
            self = .cancelled
        case .closedLocally:
            self.init(.closed, "The connection was closed.", broker: broker.description)
        // Which of the two occurs depends on what was in flight when the broker closed the connection.
        case .closedByPeer, .reset:
            let advice =
                switch acquaintance {
                case .stranger: "It has said nothing. If it does so every time, its listener may want TLS or SASL."
                case .versions: "It has told its versions only. If it does so every time, its listener wants SASL."
                case .known: "It may be stopping, or out of reach for a while: the client connects again."
                }
            self.init(
                .connectionFailed, "The broker closed the connection. \(advice)", broker: broker.description,
                isRetriable: true, underlyingError: error)
        case .cannotResolve, .cannotConnect, .connectTimedOut, .system:
            self.init(
                .connectionFailed, "No connection: \(error).", broker: broker.description,
                isRetriable: true, underlyingError: error)
        }
    }

    /// Whether a response was too large to be read.
    var isAnswerTooLarge: Bool {
        if case .frameAboveLimit? = self.underlyingError as? TransportError { true } else { false }
    }

    /// Returns the error for the reader if the response to a Fetch of this partition alone is larger than
    /// `maxResponseSize`.
    func asRecordTooLarge(in partition: TopicPartition) -> KafkaError {
        KafkaError(
            .recordTooLarge, "A record batch is too large to be read. \(self.message)", broker: self.broker,
            topic: partition.topic, partition: partition.partition, underlyingError: self.underlyingError)
    }

    /// Creates the error for a failure of TLS.
    private init(_ failure: TLSFailure, broker: Broker, isKnown: Bool) {
        let server = KafkaServer(host: broker.host, port: broker.port)
        var code = Code.tlsFailed
        var isRetriable = false
        let advice: String
        switch failure {
        case .unknownAuthority:
            advice = "Give the authority that signed it as a trusted one."
        case .expired:
            advice = "Renew it, or set this machine's clock."
        case .nameMismatch(_, [], _):
            advice = "Issue it anew, with the broker's name or address as a subject alternative name."
        case .nameMismatch:
            advice = "Use a name that it has as the broker's address, here and in the broker's advertised listeners."
        case .untrusted:
            advice = "See what is wrong with the broker's certificate."
        case .closedInHandshake:
            advice =
                isKnown
                ? "It may be stopping: the client connects again."
                : "If it does so every time, this listener speaks plaintext: use the broker's TLS port."
            isRetriable = true
        case .notTLS:
            advice = "Use the broker's TLS port, or plaintext for this one."
        case .certificateMissing:
            code = .authenticationFailed
            advice = "Set a client certificate and its key as the TLS identity."
        case .refused where failure.isAboutOwnCertificate:
            code = .authenticationFailed
            advice = "The broker wants a client certificate that it trusts."
        case .refused:
            advice = "The two sides have no TLS version or cipher in common, or the broker's log tells more."
        case .timedOut:
            advice = isKnown ? "The broker is busy." : "The broker is busy, or this is no TLS listener."
            isRetriable = true
        case .handshakeTooLarge:
            advice = "This is hardly a Kafka broker: check the address."
        case .configuration:
            code = .invalidConfiguration
            advice = "Correct the TLS settings."
        case .other:
            advice = "The broker's log may tell more."
            isRetriable = true
        }
        let reason = failure.description
        self.init(
            code, "No TLS connection to \(server): \(reason). \(advice)", broker: broker.description,
            isRetriable: isRetriable, underlyingError: failure)
    }

    /// Returns the error for a peer that isn't a Kafka broker. Its first bytes often show what it is.
    private static func unintelligible(_ firstBytes: [UInt8], broker: Broker, error: TransportError) -> KafkaError {
        let message: String
        var isRetriable = false
        if firstBytes.starts(with: [0x15, 0x03]) {
            message =
                "This listener speaks TLS, and the client is set up for plaintext: use the broker's other port, or TLS."
        } else if firstBytes.starts(with: Array("HTTP/".utf8)) {
            message = "This is a web server, not a Kafka broker: check the address."
        } else {
            message = "The answer is not Kafka's protocol (\(error)): check the address and the port."
            isRetriable = true
        }
        return KafkaError(
            .protocolError, message, broker: broker.description, isRetriable: isRetriable, underlyingError: error)
    }

    /// Creates the error for a request that can't be encoded.
    init(_ error: ProtocolError, encoding api: APIKey, broker: Broker) {
        switch error {
        case .fieldNotInVersion(let field, let version):
            self.init(
                .unsupportedVersion,
                "The broker is too old for this: \(api) version \(version) has no place for \(field).",
                broker: broker.description, underlyingError: error)
        default:
            self.init(
                .invalidArgument, "The request \(api) can't be written: \(error).", broker: broker.description,
                underlyingError: error)
        }
    }
}
