// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka users`
enum Users {
    static let command = Command(
        "users", aliases: ["user"], "lists, creates and deletes users of SCRAM",
        details: "The password is salted on this machine. It is asked for in the terminal, or read from a file.",
        subcommands: [Self.list, Self.create, Self.delete])

    private enum Mechanism: String, CaseIterable, Sendable {
        case sha256 = "SCRAM-SHA-256"
        case sha512 = "SCRAM-SHA-512"

        var kafka: SCRAMCredentialInfo.Mechanism { self == .sha256 ? .sha256 : .sha512 }
    }

    private static let name = Operand("USER", .text("USER"), "The user's name.")
    private static let mechanism = Option<Mechanism>(
        "--mechanism", short: "m", .word("MECHANISM"), "SCRAM-SHA-256 or SCRAM-SHA-512. Default: SCRAM-SHA-512.")
    private static let iterations = Option(
        "--iterations", .number(in: 4096...16384), "The iterations of the salting. Default: 8192.")
    private static let passwordFile = Option(
        "--password-file", .file(), "A file with the password in its first line; - is standard input.")

    private struct Row {
        var user: String
        var credential: SCRAMCredentialInfo
    }

    private static let list = Command(
        "list", aliases: ["ls", "describe"], "lists users and their mechanisms",
        examples: [Command.Example("async-kafka users list", "Who can log in")]
    ) {
        arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let users = try await admin.describeUserSCRAMCredentials()
            let rows = users.sorted { $0.key < $1.key }.flatMap { user, credentials in
                credentials.map { Row(user: user, credential: $0) }
            }
            try session.output.list(
                rows,
                [
                    Column("user") { .text($0.user) },
                    Column("mechanism") { .text($0.credential.mechanism.description) },
                    Column("iterations") { JSONValue($0.credential.iterations) },
                ])
        }
    }

    private static let create = Command(
        "create", aliases: ["add", "set-password", "passwd"], "creates a user, or changes the password",
        takes: [Self.name, Self.mechanism, Self.iterations, Self.passwordFile],
        examples: [Command.Example("async-kafka users create alice", "Asks for the password")]
    ) { arguments in
        let user = arguments[Self.name]
        let password = try Self.password(of: user, arguments)
        try await Session.withAdmin(arguments) { session, admin in
            let change = SCRAMCredentialChange.upsert(
                (arguments[Self.mechanism] ?? .sha512).kafka, password: password,
                iterations: arguments[Self.iterations] ?? 8192)
            let results = await admin.alterUserSCRAMCredentials([user: [change]])
            try session.output.results(of: results, "user") { _, _ in "can log in" }
        }
    }

    private static func password(of user: String, _ arguments: Arguments) throws -> Secret {
        if let file = arguments[Self.passwordFile] {
            let line = try FileSystem.read(file).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            guard !line.isEmpty else { throw Failure("\(file) has no password.") }
            return Secret(String(decoding: line, as: UTF8.self))
        }
        guard let password = Terminal.secret("Password of \(user): ") else {
            throw UsageError("There is no terminal to ask in: --password-file names a file with the password")
        }
        guard password == Terminal.secret("Once more: ") else { throw Failure("The two passwords differ.") }
        guard !password.isEmpty else { throw Failure("The password is empty.") }
        return Secret(password)
    }

    private static let delete = Command(
        "delete", aliases: ["rm", "remove"], "deletes a user's credential",
        takes: [Self.name, Self.mechanism, Session.yes],
        examples: [Command.Example("async-kafka users delete alice -m SCRAM-SHA-256", "One of the two credentials")]
    ) { arguments in
        try await Session.withAdmin(arguments) { session, admin in
            let user = arguments[Self.name]
            let mechanism = (arguments[Self.mechanism] ?? .sha512).kafka
            try session.confirm("Delete the \(mechanism) credential of \(user)?")
            let results = await admin.alterUserSCRAMCredentials([user: [.delete(mechanism)]])
            try session.output.results(of: results, "user") { _, _ in "can't log in with \(mechanism) anymore" }
        }
    }
}
