// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka tokens`
enum Tokens {
    static let command = Command(
        "tokens", aliases: ["token"], "creates, lists, renews and expires delegation tokens",
        details: "Tokens need an authenticated listener, and delegation.token.secret.key on the brokers.",
        subcommands: [Self.list, Self.create, Self.renew, Self.expire])

    private static let owner = Option(
        "--owner", .principal, "The principal to create the token for. Default: one's own.")
    private static let owners = Option(
        "--owner", .principal, isRepeatable: true, "Lists only tokens that this principal owns or may renew.")
    private static let renewer = Option(
        "--renewer", .principal, isRepeatable: true, "A principal that may renew the token.")
    private static let lifetime = Option(
        "--max-lifetime", .duration(), "How long the token can live. Default: the brokers'.")
    private static let period = Option("--for", .duration(), "The time from now on. Default: the brokers'.")
    private static let after = Option("--after", .duration(), "How long the token stays valid. Default: not at all.")
    private static let file = Operand(
        "HMAC-FILE", .file("HMAC-FILE"), "A file with the token's HMAC, as `create` prints it; - is standard input.")

    private static let columns: [Column<DelegationToken>] = [
        Column("id") { .text($0.id) }, Column("owner") { .text($0.owner.description) },
        Column("requester") { JSONValue($0.requester?.description) },
        Column("renewers") { .array($0.renewers.map { .text($0.description) }) },
        Column("issuedAt") { .text(Moment.text($0.issuedAt)) },
        Column("expiresAt") { .text(Moment.text($0.expiresAt)) },
        Column("expiresAtLatest") { .text(Moment.text($0.expiresAtLatest)) },
    ]

    private static let list = Command(
        "list", aliases: ["ls", "describe"], "lists tokens, without their secrets", takes: [Self.owners],
        examples: [Command.Example("async-kafka tokens list --owner User:alice", "Those of one user")]
    ) {
        arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let owners = arguments[all: Self.owners]
            let tokens = try await admin.describeDelegationTokens(owners: owners.isEmpty ? nil : owners)
            try session.output.list(tokens.sorted { $0.id < $1.id }, Self.columns)
        }
    }

    private static let create = Command(
        "create", aliases: ["new"], "creates a token, and prints it with its secret",
        takes: [Self.owner, Self.renewer, Self.lifetime],
        examples: [
            Command.Example(
                "async-kafka tokens create --renewer User:scheduler --max-lifetime 7d", "For a week at most")
        ]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let token = try await admin.createDelegationToken(
                owner: arguments[Self.owner], renewers: arguments[all: Self.renewer],
                maximumLifetime: arguments[Self.lifetime])
            try session.output.show(token, [Column("hmac") { .text($0.hmac.text) }] + Self.columns)
        }
    }

    private static let renew = Command(
        "renew", "renews a token", takes: [Self.file, Self.period],
        examples: [Command.Example("async-kafka tokens renew hmac.txt --for 1d", "For a day from now on")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let end = try await admin.renewDelegationToken(
                hmac: try Self.hmac(arguments), for: arguments[Self.period])
            try session.output.show(end, [Column("expiresAt") { .text(Moment.text($0)) }])
        }
    }

    private static let expire = Command(
        "expire", aliases: ["delete", "rm"], "makes a token invalid", takes: [Self.file, Self.after],
        examples: [Command.Example("async-kafka tokens expire hmac.txt", "At once")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let end = try await admin.expireDelegationToken(
                hmac: try Self.hmac(arguments), after: arguments[Self.after])
            try session.output.show(end, [Column("expiresAt") { .text(Moment.text($0)) }])
        }
    }

    /// The HMAC comes from a file, because others on the machine can see the command line.
    private static func hmac(_ arguments: Arguments) throws -> Secret {
        let bytes = try FileSystem.read(arguments[Self.file])
        return Secret(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
    }
}

extension ValueKind where Value == KafkaPrincipal {
    /// A principal such as `User:alice`. A name alone is a user's.
    static var principal: ValueKind {
        ValueKind("PRINCIPAL") { text throws(UsageError) in
            let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
            guard let last = parts.last else { throw UsageError("it is empty") }
            return parts.count == 2 ? KafkaPrincipal(type: parts[0], name: last) : .user(last)
        }
    }
}
