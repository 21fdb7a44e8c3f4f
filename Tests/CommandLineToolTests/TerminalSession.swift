// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTestSupport
import Testing

/// A program in a real terminal: a pane of tmux, which the test types into and reads from.
struct TerminalSession {
    static let tmux = ["/usr/bin/tmux", "/opt/homebrew/bin/tmux", "/usr/local/bin/tmux"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// A server of tmux of one's own.
    private let socket = TemporaryFolder.path("tmux").path

    /// Runs a program for the duration of `body`. The pane stays when the program ends, and shows its exit status then.
    static func with(
        _ command: [String], tool: ToolProgram, columns: Int = 100, lines: Int = 30,
        _ body: (TerminalSession) async throws -> Void
    ) async throws {
        let session = TerminalSession()
        let variables = tool.environment.map { "\($0.key)=\($0.value)" } + ["ASYNC_KAFKA_HOME=\(tool.home)"]
        let words = ["/usr/bin/env"] + variables + command
        let line = words.map { "'\($0.replacing("'", with: "'\\''"))'" }.joined(separator: " ")
        try await session.tmux(
            [
                "new-session", "-d", "-x", "\(columns)", "-y", "\(lines)",
                "\(line); echo \"(status $?)\"; exec sleep 1000",
            ])
        do {
            try await body(session)
        } catch {
            _ = try? await session.tmux(["kill-server"])
            throw error
        }
        try await session.tmux(["kill-server"])
    }

    /// What the terminal shows, without trailing spaces.
    var screen: String {
        get async throws { try await self.tmux(["capture-pane", "-p"]) }
    }

    /// Types keys by tmux's names, such as `y`, `Enter`, `C-c` or `Tab`.
    func type(_ keys: String...) async throws { try await self.tmux(["send-keys"] + keys) }

    /// Waits until the terminal shows a text.
    func shows(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("the terminal shows \(text)") { try await self.screen.contains(text) }
    }

    @discardableResult
    private func tmux(_ arguments: [String]) async throws -> String {
        let tmux = try #require(Self.tmux)
        let program = try ChildProcess(
            "tmux", [tmux, "-S", self.socket, "-f", "/dev/null"] + arguments,
            output: .lines(errors: TemporaryFolder.path("tmux-errors")))
        var lines: [String] = []
        for await line in program.lines { lines.append(line) }
        let status = await program.ended()
        guard status == 0 else {
            throw ToolProgram.Failure(description: "tmux \(arguments[0]): \(program.errors)")
        }
        return lines.joined(separator: "\n")
    }
}
