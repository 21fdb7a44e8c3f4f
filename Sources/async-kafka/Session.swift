// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// A command at work: its arguments, its output and the cluster.
struct Session: Sendable {
    static let yes = Flag("--yes", short: "y", "Doesn't ask before something is destroyed.")
    static let dryRun = Flag("--dry-run", "Only checks whether it could be done.")

    let arguments: Arguments
    let output: Output
    let cluster: KafkaClientConfiguration

    init(_ arguments: Arguments) throws {
        self.arguments = arguments
        self.output = Output(arguments)
        self.cluster = try KafkaClientConfiguration(arguments)
    }

    /// Runs a command that works with the admin client.
    static func withAdmin(
        _ arguments: Arguments, _ body: (Session, KafkaAdminClient) async throws -> Void
    ) async throws {
        let session = try Session(arguments)
        try await KafkaAdminClient.withAdminClient(session.cluster) { admin in try await body(session, admin) }
    }

    /// Asks before something is destroyed, and throws if the answer isn't yes.
    func confirm(_ question: String) throws {
        guard !self.arguments[Self.yes] else { return }
        guard let isConfirmed = Terminal.confirms(question) else {
            throw UsageError("There is no terminal to ask in: --yes does it without a question")
        }
        guard isConfirmed else { throw Failure("Nothing was changed.") }
    }
}
