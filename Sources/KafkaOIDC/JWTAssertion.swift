// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

public import AsyncKafka

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A statement about a client that the client signs itself, for the JWT bearer grant (RFC 7523; KIP-1139).
///
/// It is signed with RS256 if the key is an RSA key, which must have at least 2048 bits, and with ES256 if the key is
/// on the curve P-256. Each assertion has a unique ID (`jti`).
public struct JWTAssertion: Sendable {
    /// The source of the private key, in PEM.
    @nonexhaustive
    public enum PrivateKey: Sendable {
        /// A key in memory, encrypted if there is a password.
        case pem(Bytes, password: Secret? = nil)
        /// A key in a file. The file is read for each assertion, so that it can be replaced, and read again if it is
        /// incomplete.
        case pemFile(String, password: Secret? = nil)
    }

    /// The key that signs the assertion.
    public var privateKey: PrivateKey
    /// The issuer of the assertion, claim `iss`. Often the client's ID.
    public var issuer: String
    /// The subject of the requested token, claim `sub`.
    public var subject: String
    /// The recipient of the assertion, claim `aud`. Often the token endpoint's address.
    public var audience: String
    /// The ID of the client's key, `kid` in the header. Nil omits it. Default: nil.
    public var keyID: String?
    /// The lifetime of the assertion, which determines `exp`, in whole seconds
    /// (`sasl.oauthbearer.assertion.claim.exp.seconds`). Default: 5 min.
    public var lifetime: Duration = .seconds(300)
    /// The time by which `nbf` precedes the creation, for servers whose clock is behind
    /// (`sasl.oauthbearer.assertion.claim.nbf.seconds`). Default: 60 s.
    public var clockSkew: Duration = .seconds(60)
    /// Additional claims. Default: none.
    public var additionalClaims: [String: String] = [:]

    /// Creates an assertion with default settings.
    public init(privateKey: PrivateKey, issuer: String, subject: String, audience: String) {
        self.privateKey = privateKey
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
    }

    private static let ownClaims: Set = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    /// Throws an error if a setting is invalid.
    func validate() throws(KafkaError) {
        for (name, value) in [("issuer", self.issuer), ("subject", self.subject), ("audience", self.audience)]
        where value.isEmpty {
            throw .invalidConfiguration("The assertion's \(name) is empty.")
        }
        guard self.lifetime >= .seconds(1), self.lifetime <= .seconds(86_400 * 366), self.clockSkew >= .zero,
            self.clockSkew <= .seconds(86_400)
        else {
            throw .invalidConfiguration(
                "The assertion's lifetime must be a second at least and a year at most, and its clockSkew a day at most."
            )
        }
        if let name = self.additionalClaims.keys.sorted().first(where: { Self.ownClaims.contains($0) }) {
            throw .invalidConfiguration("The claim \(name) has a setting of its own, and can't be an additional one.")
        }
        _ = try self.signingKey()
    }

    /// Returns the signed assertion.
    ///
    /// - Parameters:
    ///   - now: The current time in seconds since 1970.
    ///   - id: The claim `jti`.
    func signed(now: Int64, id: String) throws(KafkaError) -> Secret {
        let key = try self.signingKey()
        var header: [String: Claim] = ["alg": .text(key.algorithm.rawValue), "typ": .text("JWT")]
        if let keyID { header["kid"] = .text(keyID) }
        var claims = self.additionalClaims.mapValues { Claim.text($0) }
        claims["iss"] = .text(self.issuer)
        claims["sub"] = .text(self.subject)
        claims["aud"] = .text(self.audience)
        claims["iat"] = .number(now)
        claims["nbf"] = .number(now - self.clockSkew.components.seconds)
        claims["exp"] = .number(now + self.lifetime.components.seconds)
        claims["jti"] = .text(id)
        let signed = try "\(Self.part(header)).\(Self.part(claims))"
        return Secret("\(signed).\(JSONWebToken.encode(try key.sign(Array(signed.utf8))))")
    }

    private func signingKey() throws(KafkaError) -> SigningKey {
        switch self.privateKey {
        case .pem(let bytes, let password):
            try SigningKey(pem: bytes, password: password)
        case .pemFile(let path, let password):
            try SigningKey(pem: FileContents.read(path, "private key"), password: password)
        }
    }

    private enum Claim: Encodable {
        case text(String)
        case number(Int64)

        func encode(to encoder: any Encoder) throws {
            var value = encoder.singleValueContainer()
            switch self {
            case .text(let text): try value.encode(text)
            case .number(let number): try value.encode(number)
            }
        }
    }

    private static func part(_ members: [String: Claim]) throws(KafkaError) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(members) else {
            throw .invalidConfiguration("The assertion's claims can't be written as JSON.")
        }
        return JSONWebToken.encode(Array(json))
    }
}

extension JWTAssertion: CustomStringConvertible, CustomReflectable {
    /// The issuer, subject and audience.
    public var description: String { "JWTAssertion(\(self.issuer) for \(self.subject) to \(self.audience))" }
    /// An empty mirror, because the key is among the properties.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension JWTAssertion.PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kind of source and the file's path, without the key and the password.
    public var description: String {
        switch self {
        case .pem(_, let password): "pem(<redacted>\(Self.described(password)))"
        case .pemFile(let path, let password): "pemFile(\(path)\(Self.described(password)))"
        }
    }

    /// The same text as ``JWTAssertion/PrivateKey/description``, so that debuggers and collections reveal no more than a log.
    public var debugDescription: String { self.description }
    /// An empty mirror, so that `dump` doesn't show the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func described(_ password: Secret?) -> String {
        password.map { ", password: \($0)" } ?? ""
    }
}
