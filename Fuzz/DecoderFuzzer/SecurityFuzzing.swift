// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

@testable import AsyncKafka
@testable import KafkaOIDC

/// Fuzzes SCRAM. The input has a server's first and final messages, separated by a NUL.
func fuzzScram(_ bytes: Bytes) {
    let parts = Array(bytes).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    var exchange = ScramExchange(
        hash: .sha256, credentials: SASLCredentials(username: "user", password: "pencil"), nonce: "fuzz")
    do {
        _ = try exchange.respond(to: nil)
        guard case .send = try exchange.respond(to: Bytes(parts[0])) else {
            preconditionFailure("a server that has proved nothing was believed")
        }
        _ = try exchange.respond(to: parts.count > 1 ? Bytes(parts[1]) : nil)
    } catch {
        return
    }
    // A server that doesn't know the password can't compute the signature.
    preconditionFailure("a server that doesn't know the password was believed")
}

/// Fuzzes the parsers of OAUTHBEARER refusals and tokens.
func fuzzTokens(_ bytes: Bytes) {
    if var exchange = try? OAuthBearerExchange(token: OAuthBearerToken("t", lifetime: .seconds(60)), extensions: [:]) {
        _ = try? exchange.respond(to: nil)
        _ = try? exchange.respond(to: bytes)
        precondition((exchange.refusal?.utf8.count ?? 0) <= 3000)
    }
    let array = Array(bytes)
    _ = JSONObject.number("exp", in: array)
    _ = JSONWebToken.expiry(of: String(decoding: array, as: UTF8.self))
    // A token with these bytes as its payload, so that they reach the JSON parser.
    let token = "e30.\(JSONWebToken.encode(array)).s"
    precondition(JSONWebToken.decode(JSONWebToken.encode(array)) == array)
    precondition(JSONWebToken.expiry(of: token) == JSONObject.number("exp", in: array))
    _ = TokenErrorResponse.text(array, without: ["secret"])
    if let address = try? HTTPAddress(TokenEndpoint("https://fuzz.example/")), let response = TokenResponse(array) {
        _ = try? response.token(requestedAt: 1_700_000_000_000, from: address)
    }
}

/// Fuzzes a GSSAPI exchange whose context accepts everything. Each message in the input is preceded by its length.
func fuzzGSSAPI(_ bytes: Bytes) {
    struct Credulous: SecurityContext {
        func step(_ token: [UInt8]?) throws(KafkaError) -> SecurityContextStep {
            SecurityContextStep(token: token ?? [], isComplete: token?.first == 1)
        }

        func unwrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] { message }
        func wrap(_ message: [UInt8]) throws(KafkaError) -> [UInt8] { message }
    }
    var exchange = GSSAPIExchange(
        Credulous(), first: SecurityContextStep(token: [], isComplete: false), authorizationID: "a", now: 0)
    _ = try? exchange.respond(to: nil)
    var rest = bytes
    while let length = rest.first {
        let end = min(1 + Int(length), rest.count)
        guard case .send? = try? exchange.respond(to: rest[1..<end]) else { return }
        rest = rest[end..<rest.count]
    }
}

/// Fuzzes the parsers of Java properties and login modules.
func fuzzProperties(_ bytes: Bytes) {
    _ = try? PropertiesText.parse(bytes)
    _ = try? LoginModule(String(decoding: bytes, as: UTF8.self))
}

/// Fuzzes the HTTP parser. The result must be the same for the whole response and for pieces of the size in the first
/// byte.
func fuzzHTTP(_ bytes: Bytes) {
    guard let first = bytes.first else { return }
    let limit = 1000
    let rest = Array(bytes[1..<bytes.count])
    let whole = readHTTP([rest[...]], limit: limit)
    let size = max(1, Int(first))
    let pieces = stride(from: 0, to: rest.count, by: size).map { rest[$0..<min($0 + size, rest.count)] }
    guard readHTTP(pieces, limit: limit) == whole else {
        preconditionFailure("an answer in pieces is not the same")
    }
}

private func readHTTP(_ pieces: [ArraySlice<UInt8>], limit: Int) -> String {
    var reader = HTTPResponseReader(limit: limit)
    do throws(HTTPFailure) {
        for piece in pieces {
            guard let response = try reader.received(piece) else { continue }
            precondition(response.body.count <= limit)
            return "\(response.status) \(response.headers.sorted { $0.key < $1.key }) \(response.body)"
        }
        let response = try reader.ended()
        return "\(response.status) \(response.headers.sorted { $0.key < $1.key }) \(response.body)"
    } catch {
        return "\(error)"
    }
}
