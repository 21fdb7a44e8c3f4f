// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaTestSupport
import Testing

@testable import async_kafka

/// `copy`, which goes on where it was.
@Suite(.timeLimit(.minutes(2)))
struct CopyTests {
    private static let heading = "partition,copied"

    private func write(_ values: [String], to topic: String, _ tool: ToolProgram) async throws {
        for (index, value) in values.enumerated() {
            try await tool.succeed(
                "produce", topic, value, "--key", value, "-H", "a=b", "-p", "\(index % 2)", "--timestamp", "2026-11-26")
        }
    }

    @Test func aSecondCopyGoesOnWhereTheFirstEnded() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            for topic in ["a", "b"] { try await kafka.createTopic(topic, partitions: 2) }
            try await self.write(["1", "2", "3"], to: "a", tool)
            #expect(try await tool.succeed("copy", "a", "b", "-o", "csv") == [Self.heading, "0,2", "1,1"])
            // Keys, headers, times and partitions are the same.
            try await tool.succeed("verify", "a", "b", "--committed")
            #expect(try await tool.succeed("copy", "a", "b", "-o", "csv") == [Self.heading, "0,0", "1,0"])
            try await self.write(["4", "5"], to: "a", tool)
            #expect(try await tool.succeed("copy", "a", "b", "-o", "csv") == [Self.heading, "0,1", "1,1"])
            try await tool.succeed("verify", "a", "b", "--committed")
        }
    }

    /// With faults in the middle of it, so that transactions are aborted and tried again.
    @Test func eachRecordIsCopiedOnceWhateverFails() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            for topic in ["a", "b"] { try await kafka.createTopic(topic, partitions: 2) }
            try await self.write((0..<4).map { _ in "x" }, to: "a", tool)
            kafka.inject(.fail(.transactionAbortable), on: .endTxn)
            kafka.inject(.closeAfterWork, on: .produce)
            kafka.inject(.closeAfterWork, on: .txnOffsetCommit)
            try await tool.succeed("copy", "a", "b")
            try await tool.succeed("verify", "a", "b", "--committed")
        }
    }

    @Test func anotherClusterIsCopiedToAndResumed() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await EmbeddedKafka.withBroker { other in
                let tool = ToolProgram(kafka.bootstrapServers)
                try await kafka.createTopic("a", partitions: 2)
                try await other.createTopic("a", partitions: 3)
                let words = ["--other-bootstrap-servers", other.bootstrapServers[0]]
                try await self.write(["1", "2", "3"], to: "a", tool)
                for expected in [["0,2", "1,1"], ["0,0", "1,0"]] {
                    let result = try await tool.run(["copy", "a", "a", "-o", "csv"] + words)
                    #expect(result.status == 0 && result.output == [Self.heading] + expected, "\(result)")
                }
                let verified = try await tool.run(["verify", "a", "a", "--unordered"] + words)
                #expect(verified.status == 0, "\(verified)")
            }
        }
    }

    @Test func whatCanNotBeCopiedIsRefused() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await kafka.createTopic("wide", partitions: 3)
            try await kafka.createTopic("narrow")
            let same = try await tool.run(["copy", "wide", "wide"])
            #expect(same.status == ExitStatus.misuse.rawValue && same.errors.contains("itself"), "\(same)")
            let narrow = try await tool.run(["copy", "wide", "narrow"])
            #expect(narrow.status != 0 && narrow.errors.contains("--by-key"), "\(narrow)")
            try await tool.succeed("copy", "wide", "narrow", "--by-key")
            let missing = try await tool.run(["copy", "wide", "missing"])
            #expect(
                missing.status == ExitStatus.failure.rawValue && missing.errors.contains("UNKNOWN_TOPIC"), "\(missing)")
        }
    }
}
