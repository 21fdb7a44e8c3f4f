// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The successful response of a token endpoint (RFC 6749, section 5.1).
struct TokenResponse: Decodable {
    let accessToken: String?
    let tokenType: String?
    /// The lifetime of the token in seconds. Some servers encode it as a string.
    let expiresIn: Double?

    private enum Key: String, CodingKey {
        case accessToken = "access_token"
        case tokenType = "token_type"
        case expiresIn = "expires_in"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        self.accessToken = try values.decodeIfPresent(String.self, forKey: .accessToken)
        self.tokenType = try? values.decodeIfPresent(String.self, forKey: .tokenType)
        self.expiresIn =
            (try? values.decodeIfPresent(Double.self, forKey: .expiresIn))
            ?? (try? values.decodeIfPresent(String.self, forKey: .expiresIn)).flatMap { Double($0) }
    }

    init?(_ body: [UInt8]) {
        guard let response = try? JSONDecoder().decode(TokenResponse.self, from: Data(body)) else { return nil }
        self = response
    }

    /// Returns the token with its expiry: by `expires_in` or the token's own `exp`, whichever is earlier.
    ///
    /// - Parameter requestedAt: The time of the request, in milliseconds since 1970. The token can't have been issued
    ///   before.
    func token(requestedAt: Int64, from address: HTTPAddress) throws(KafkaError) -> OAuthBearerToken {
        guard let accessToken, !accessToken.isEmpty else {
            throw .tokenEndpoint(address, "answered without an access_token.")
        }
        if let tokenType, !tokenType.lowercased().hasPrefix("bearer") {
            throw .tokenEndpoint(address, "gave a token that is not of the type Bearer.")
        }
        let ends = [
            self.expiresIn.map { Double(requestedAt) + $0 * 1000 },
            JSONWebToken.expiry(of: accessToken).map { $0 * 1000 },
        ]
        guard let end = ends.compactMap({ $0 }).filter(\.isFinite).min() else {
            throw .tokenEndpoint(
                address, "gave a token without expires_in, and it is no JWT with exp: nobody knows when it ends.")
        }
        // Doubles represent integers up to 2^53 exactly.
        let milliseconds = Int64(min(max(end, 0), 0x1p53))
        return OAuthBearerToken(Secret(accessToken), expiresAt: Timestamp(millisecondsSince1970: milliseconds))
    }
}

/// The error response of a token endpoint (RFC 6749, section 5.2).
struct TokenErrorResponse: Decodable {
    let error: String?
    let errorDescription: String?
    let errorURI: String?

    private enum Key: String, CodingKey {
        case error
        case errorDescription = "error_description"
        case errorURI = "error_uri"
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        self.error = try? values.decodeIfPresent(String.self, forKey: .error)
        self.errorDescription = try? values.decodeIfPresent(String.self, forKey: .errorDescription)
        self.errorURI = try? values.decodeIfPresent(String.self, forKey: .errorURI)
    }

    /// Returns the error as text, such as `invalid_client: …`, or nil if the response has none.
    ///
    /// - Parameter secrets: The texts to remove, which the server may have quoted.
    static func text(_ body: [UInt8], without secrets: [String]) -> String? {
        guard let response = try? JSONDecoder().decode(TokenErrorResponse.self, from: Data(body)),
            let error = response.error
        else { return nil }
        var text = error
        if let description = response.errorDescription { text += ": \(description)" }
        if let uri = response.errorURI { text += " (\(uri))" }
        for secret in secrets where !secret.isEmpty { text = text.replacing(secret, with: "<redacted>") }
        return KafkaError.quoted(text, atMost: 500)
    }
}
