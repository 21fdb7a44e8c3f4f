// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaTestSupport
import Testing

/// What the program does in a terminal only.
@Suite(
    .enabled(if: TerminalSession.tmux != nil, "tmux is missing; scripts/setup --terminal installs it"),
    .timeLimit(.minutes(2)))
struct TerminalTests {
    private let program = BuiltProgram.path("async-kafka")

    @Test func whatDestroysAsksFirst() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            let tool = ToolProgram(kafka.bootstrapServers)
            for (answer, status) in [("n", "(status 1)"), ("y", "(status 0)")] {
                try await TerminalSession.with([self.program, "topics", "delete", "orders"], tool: tool) { terminal in
                    try await terminal.shows("Delete orders with all records? [y/N]")
                    #expect(try await kafka.topics() == ["orders"])
                    try await terminal.type(answer, "Enter")
                    try await terminal.shows(status)
                }
                #expect(try await kafka.topics() == (answer == "y" ? [] : ["orders"]))
            }
        }
    }

    @Test func aPasswordIsAskedForAndNotShown() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.users = ["alice": "alice-secret"]
        configuration.listeners = [EmbeddedKafka.Listener("SASL", mechanisms: [.plain])]
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic("orders")
            let command = [
                self.program, "topics", "names", "-b", kafka.bootstrapServers(of: "SASL")[0], "-X",
                "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanism=PLAIN", "-X", "sasl.username=alice",
            ]
            try await TerminalSession.with(command, tool: ToolProgram()) { terminal in
                try await terminal.shows("Password of alice:")
                try await terminal.type("alice-secret", "Enter")
                try await terminal.shows("(status 0)")
                let screen = try await terminal.screen
                #expect(screen.contains("orders"))
                #expect(!screen.contains("secret"))
            }
        }
    }

    @Test func aLiveViewOfLagGoesOnUntilItIsInterrupted() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await tool.succeed("produce", "orders", "a", "b", "c")
            try await tool.succeed("consume", "orders", "-g", "billing", "-n", "1")
            let command = [self.program, "lag", "billing", "--watch", "--interval", "200ms"]
            try await TerminalSession.with(command, tool: tool) { terminal in
                try await terminal.shows("billing    2")
                try await terminal.shows("██")
                try await tool.succeed("produce", "orders", "d", "e")
                try await terminal.shows("billing    4")
                try await terminal.type("C-c")
                try await terminal.shows("(status 130)")
            }
        }
    }

    @Test func aTableFitsTheTerminal() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("a-topic-with-quite-a-long-name-that-does-not-fit")
            let tool = ToolProgram(kafka.bootstrapServers)
            try await TerminalSession.with([self.program, "topics", "list"], tool: tool, columns: 60) { terminal in
                try await terminal.shows("(status 0)")
                let lines = try await terminal.screen.split(separator: "\n")
                #expect(lines.count == 3, "\(lines)")
                #expect(lines[1].hasPrefix("a-topic-") && lines[1].contains("…"), "\(lines)")
            }
        }
    }

    @Test func aShellCompletesCommandsAndTopics() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            try await kafka.createTopic("refunds")
            var tool = ToolProgram()
            let folder = URL(fileURLWithPath: self.program).deletingLastPathComponent().path
            tool.environment["PATH"] = folder + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
            tool.environment["PS1"] = "> "
            try await TerminalSession.with(["bash", "--norc", "--noprofile", "-i"], tool: tool) { terminal in
                try await terminal.type("source <(async-kafka completions bash); echo ready", "Enter")
                try await terminal.shows("\nready")
                try await terminal.type("async-kafka -b \(kafka.bootstrapServers[0]) topics desc", "Tab")
                try await terminal.shows("topics describe")
                try await terminal.type("ord", "Tab")
                try await terminal.shows("topics describe orders")
                try await terminal.type(" --output=ta", "Tab")
                try await terminal.shows("--output=table")
                try await terminal.type("Enter")
                try await terminal.shows("replication factor 1")
            }
        }
    }
}
