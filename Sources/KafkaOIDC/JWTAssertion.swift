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

/// A statement about a client that it signs itself, for the JWT bearer grant (RFC 7523; KIP-1139).
///
/// Signed with RS256 if the key is RSA, of 2048 bits at least, and with ES256 if it is on the curve P-256. Each has an id of its
/// own (`jti`).
public struct JWTAssertion: Sendable {
    /// Where the private key is, in PEM.
    @nonexhaustive
    public enum PrivateKey: Sendable {
        /// In memory, encrypted with a password or not.
        case pem(Bytes, password: Secret? = nil)
        /// In a file, which is read for each assertion, so that it may be renewed, and again if it is half written.
        case pemFile(String, password: Secret? = nil)
    }

    /// What it is signed with.
    public var privateKey: PrivateKey
    /// Who makes it: the claim `iss`. Often the client's id.
    public var issuer: String
    /// Whom the token is for: the claim `sub`.
    public var subject: String
    /// Who it is made for: the claim `aud`. Often the token endpoint's address.
    public var audience: String
    /// Which of the client's keys it is: `kid` in the header. Nil, the default, for none.
    public var keyID: String?
    /// How long it is good: `exp`. 5 min by default (`sasl.oauthbearer.assertion.claim.exp.seconds`); whole seconds.
    public var lifetime: Duration = .seconds(300)
    /// How long ago it began to be good, for servers whose clock is behind: `nbf`. 60 s by default
    /// (`sasl.oauthbearer.assertion.claim.nbf.seconds`).
    public var clockSkew: Duration = .seconds(60)
    /// Further claims. None by default.
    public var additionalClaims: [String: String] = [:]

    /// An assertion with the defaults.
    public init(privateKey: PrivateKey, issuer: String, subject: String, audience: String) {
        self.privateKey = privateKey
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
    }

    private static let ownClaims: Set = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]

    /// Throws if a setting can't be used.
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

    /// - Parameters:
    ///   - now: in seconds since 1970.
    ///   - id: the `jti`.
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
    /// Issuer, subject and audience.
    public var description: String { "JWTAssertion(\(self.issuer) for \(self.subject) to \(self.audience))" }
    /// Nothing: a key is among what there is.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension JWTAssertion.PrivateKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Which of them it is, and where its file is.
    public var description: String {
        switch self {
        case .pem(_, let password): "pem(<redacted>\(Self.described(password)))"
        case .pemFile(let path, let password): "pemFile(\(path)\(Self.described(password)))"
        }
    }

    /// `description`, so that debuggers and collections show no more than a log.
    public var debugDescription: String { self.description }
    /// No children, so that `dump` doesn't show the key.
    public var customMirror: Mirror { Mirror(self, children: []) }

    private static func described(_ password: Secret?) -> String {
        password.map { ", password: \($0)" } ?? ""
    }
}
