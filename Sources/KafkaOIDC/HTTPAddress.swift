// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTransport

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The parts of an HTTP URL.
struct HTTPAddress: Sendable {
    let isSecure: Bool
    /// The host, without the brackets of an IPv6 address.
    let host: String
    let port: Int
    /// The path and query for the request line.
    let target: String
    /// The host and port for the `Host` header.
    let authority: String

    init(_ endpoint: TokenEndpoint) throws(KafkaError) {
        // The URL may contain a password, so errors don't quote it.
        guard let parts = URLComponents(string: endpoint.url), let scheme = parts.scheme?.lowercased(),
            let encodedHost = parts.encodedHost, !encodedHost.isEmpty, (1...65535).contains(parts.port ?? 443)
        else { throw .invalidConfiguration("The token endpoint's address is not a URL such as https://host/path.") }
        guard scheme == "https" || scheme == "http" else {
            throw .invalidConfiguration("The token endpoint's address begins with \(scheme):, not with https:.")
        }
        guard parts.user == nil, parts.password == nil, parts.fragment == nil else {
            throw .invalidConfiguration("The token endpoint's address has a user, a password or a fragment (#) in it.")
        }
        self.isSecure = scheme == "https"
        let isIPv6 = encodedHost.hasPrefix("[")
        self.host = isIPv6 ? String(encodedHost.dropFirst().dropLast()) : encodedHost
        self.port = parts.port ?? (self.isSecure ? 443 : 80)
        self.authority = parts.port.map { "\(encodedHost):\($0)" } ?? encodedHost
        let path = parts.percentEncodedPath
        self.target = (path.isEmpty ? "/" : path) + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
        // Both become part of header lines.
        guard (self.target + self.authority).utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalidConfiguration("The token endpoint's address has characters that a URL can't have.")
        }
        guard
            self.isSecure || SocketAddress.isLoopback(host: self.host)
                || endpoint.allowsPlaintextSoThatSecretsAndTokensCanBeReadOnTheWay
        else {
            throw .invalidConfiguration(
                "The token endpoint \(self.description) is not HTTPS: secrets and tokens could be read on the way. Use https:, "
                    + "or set allowsPlaintextSoThatSecretsAndTokensCanBeReadOnTheWay.")
        }
    }
}

extension HTTPAddress: CustomStringConvertible {
    /// The URL without the query, which may contain a key.
    var description: String {
        let path = self.target.prefix { $0 != "?" }
        return "\(self.isSecure ? "https" : "http")://\(self.authority)\(path)"
    }
}
