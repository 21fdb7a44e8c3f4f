// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// An error of a TLS session.
package enum TLSFailure: Error, Hashable, Sendable {
    /// The peer's certificate, or one above it, is from an authority that isn't trusted.
    case unknownAuthority(String)
    /// A certificate of the peer's chain has expired or isn't valid yet.
    case expired(String)
    /// The certificate is valid, but for other names. If it has none, its common name is given.
    case nameMismatch(expected: String, names: [String], commonName: String? = nil)
    /// The certificate was rejected for another reason, in OpenSSL's words.
    case untrusted(String)
    /// The peer closed the connection during the handshake.
    case closedInHandshake
    /// The input isn't TLS. Its first bytes may identify the protocol.
    case notTLS(firstBytes: [UInt8])
    /// The peer requires a client certificate, and none is set.
    case certificateMissing
    /// The peer rejected the handshake with this alert.
    case refused(alert: Int, name: String)
    /// The handshake timed out.
    case timedOut
    /// The handshake exceeded the limit in bytes.
    case handshakeTooLarge
    /// A certificate, a key or a setting is invalid.
    case configuration(String)
    /// Another error, in OpenSSL's words.
    case other(String)
}

extension TLSFailure {
    /// The alerts by which a server rejects a client's certificate.
    private static let certificateAlerts: Set<Int> = [41, 42, 43, 44, 45, 46, 48, 49, 116]

    /// Whether the peer rejected the certificate of this side, or missed one.
    package var isAboutOwnCertificate: Bool {
        switch self {
        case .certificateMissing: true
        case .refused(let alert, _): Self.certificateAlerts.contains(alert)
        default: false
        }
    }
}

extension TLSFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownAuthority(let reason): "the certificate's authority is not trusted (\(reason))"
        case .expired(let reason): "a certificate is out of its time (\(reason))"
        case .nameMismatch(let expected, [], let commonName?):
            "the certificate is not for \"\(expected)\": "
                + "it only has the common name \"\(commonName)\", which stands for no address"
        case .nameMismatch(let expected, let names, _):
            "the certificate is not for \"\(expected)\", but for \(names.isEmpty ? "no name" : Self.list(names))"
        case .untrusted(let reason): "the certificate was refused (\(reason))"
        case .closedInHandshake: "the other side closed the connection instead of answering the TLS handshake"
        case .notTLS: "the other side does not speak TLS"
        case .certificateMissing: "the other side wants a client certificate, and none is set"
        case .refused(_, let name): "the other side refused (TLS alert \"\(name)\")"
        case .timedOut: "the TLS handshake was not over in time"
        case .handshakeTooLarge: "the TLS handshake was too large"
        case .configuration(let reason), .other(let reason): reason
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(10).map { "\"\($0)\"" }.joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }
}
