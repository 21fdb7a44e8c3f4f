// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Why there is no TLS session, or no longer one.
package enum TLSFailure: Error, Hashable, Sendable {
    /// The other side's certificate, or one above it, comes from an authority that isn't trusted.
    case unknownAuthority(String)
    /// A certificate of the other side's chain is no longer valid, or not yet.
    case expired(String)
    /// The certificate is good, but for other names. If it has none, with its common name.
    case nameMismatch(expected: String, names: [String], commonName: String? = nil)
    /// The certificate was refused for another reason, in OpenSSL's words.
    case untrusted(String)
    /// The other side closed the connection instead of answering.
    case closedInHandshake
    /// What came is not TLS; with its first bytes, which may tell who is speaking.
    case notTLS(firstBytes: [UInt8])
    /// The other side wants a certificate of this one, which has none.
    case certificateMissing
    /// The other side refused, by an alert: its number and name.
    case refused(alert: Int, name: String)
    /// The handshake was not over in time.
    case timedOut
    /// The handshake took more bytes than any sensible one.
    case handshakeTooLarge
    /// A certificate, a key or a setting can't be used.
    case configuration(String)
    /// Anything else, in OpenSSL's words.
    case other(String)
}

extension TLSFailure {
    /// Alerts by which a server says that it wants another certificate of the client.
    private static let certificateAlerts: Set<Int> = [41, 42, 43, 44, 45, 46, 48, 49, 116]

    /// Whether the other side refused the certificate that it was shown, or missed one.
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
