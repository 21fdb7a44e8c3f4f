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

/// What a token endpoint answers when all is well (RFC 6749, section 5.1).
struct TokenResponse: Decodable {
    let accessToken: String?
    let tokenType: String?
    /// In seconds. Some servers write it as text.
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

    /// The token, and when it ends to be good: by `expires_in` or the token's own `exp`, whichever comes first.
    ///
    /// - Parameter requestedAt: when it was asked for, in milliseconds since 1970. It can't be younger than that.
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
        // 2^53 is far, and can be counted with.
        let milliseconds = Int64(min(max(end, 0), 0x1p53))
        return OAuthBearerToken(Secret(accessToken), expiresAt: Timestamp(millisecondsSince1970: milliseconds))
    }
}

/// What a token endpoint answers when it refuses (RFC 6749, section 5.2).
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

    /// In words: `invalid_client: …`. Nil if it says nothing.
    ///
    /// - Parameter secrets: what a server may have quoted, and nobody is to read.
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
