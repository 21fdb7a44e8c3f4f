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

@testable import async_kafka

/// `produce` and `consume` with inputs and clusters that aren't as a user expects.
@Suite(.timeLimit(.minutes(2)))
struct RecordCommandsTests {
    /// Runs a line of a shell, in which `$0` is the program.
    private func shell(_ line: String, _ kafka: EmbeddedKafka) async throws -> ToolProgram.Result {
        let program = try ChildProcess(
            "sh",
            [
                "/usr/bin/env", "ASYNC_KAFKA_BOOTSTRAP_SERVERS=\(kafka.bootstrapServers.joined(separator: ","))",
                "ASYNC_KAFKA_HOME=\(TemporaryFolder.path("home").path)", "/bin/sh", "-c", line,
                BuiltProgram.path("async-kafka"),
            ], output: .lines(errors: TemporaryFolder.path("shell")))
        var lines: [String] = []
        for await line in program.lines { lines.append(line) }
        return ToolProgram.Result(status: await program.ended(), output: lines, errors: program.errors)
    }

    // MARK: Reading

    @Test func topicsAndPartitionsThatAreNamedTwiceAreReadOnce() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await tool.succeed("produce", "orders", "a")
            #expect(try await tool.succeed("consume", "orders", "orders", "-p", "0", "-p", "0", "--raw") == ["a"])
            #expect(try await tool.succeed("offsets", "list", "orders", "orders:0", "-o", "csv").count == 2)
        }
    }

    @Test(arguments: [
        ["consume", "nothing"], ["consume", "nothing", "-g", "billing"], ["consume", "nothing", "--follow"],
        ["perf", "consume", "nothing"], ["offsets", "list", "nothing"], ["consume", "orders", "-p", "7"],
        ["offsets", "list", "orders:7"],
    ])
    func whatDoesNotExistIsToldAtOnce(arguments: [String]) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            let result = try await ToolProgram(kafka.bootstrapServers).run(arguments + ["--timeout", "10m"])
            #expect(result.status == 1)
            let reason = arguments.contains("nothing") ? "UNKNOWN_TOPIC_OR_PARTITION" : "orders has no partition 7"
            #expect(result.errors.contains(reason), "\(result.errors)")
        }
    }

    @Test func aMemberCommitsWhatItHasLookedAtAndNoMore() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            let tool = ToolProgram(kafka.bootstrapServers)
            try await tool.succeed("produce", "orders", input: (0..<100).map { "\($0)\n" }.joined())
            let first = ["consume", "orders", "-g", "billing", "-n", "2", "--where", "value>=40", "-f", "%v\\n"]
            #expect(try await tool.run(first).output == ["40", "41"])
            #expect(try await kafka.committedOffset(of: "billing", topic: "orders", partition: 0) == 42)
            #expect(try await tool.run(first).output == ["42", "43"])
        }
    }

    @Test func theLastRecordsAreFoundInACompactedTopic() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await tool.succeed("topics", "create", "users", "-p", "1", "-c", "cleanup.policy=compact")
            let lines = ["a:1", "b:1"] + (1...50).map { "c:\($0)" }
            try await tool.succeed("produce", "users", "-i", "keyed", input: lines.joined(separator: "\n"))
            try await kafka.clean()
            #expect(try await kafka.records(of: "users").count == 3)
            #expect(try await tool.succeed("consume", "users", "--last", "2", "-f", "%k%v\\n") == ["b1", "c50"])
        }
    }

    @Test func aLiveViewOfLagOutlivesItsCluster() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await tool.succeed("produce", "orders", "a")
            try await tool.succeed("consume", "orders", "-g", "billing", "-n", "1")
            let words = ["lag", "billing", "--watch", "--interval", "200ms", "--timeout", "1s", "-o", "csv"]
            let program = try tool.start(words)
            var lines = program.lines.makeAsyncIterator()
            let row = "billing,0,1,1,0,orders-0"
            while let line = await lines.next(), line != row {}
            let broker = try #require(try await kafka.leader(of: "orders", partition: 0))
            try await kafka.stopBroker(broker)
            try await eventually("the trouble is told") { program.errors.contains("async-kafka: ") }
            try await kafka.startBroker(broker)
            while let line = await lines.next(), line != row {}
            program.signal(SIGINT)
            while await lines.next() != nil {}
            #expect(await program.ended() == ExitStatus.interrupted.rawValue)
        }
    }

    // MARK: Writing

    @Test func valuesInJSONAreWrittenAsTheyAre() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let value = #"{"z":12345678901234567890,"a":1.0,"b":[1e2,{"é":null}]}"#
            try await ToolProgram(kafka.bootstrapServers).succeed(
                "produce", "orders", "-i", "json", input: #"{"key": {"b":1, "a":2}, "value": \#(value)}"#)
            let record = try #require(try await kafka.records(of: "orders").first)
            #expect(record.key.map { String(decoding: $0, as: UTF8.self) } == #"{"b":1,"a":2}"#)
            #expect(record.value.map { String(decoding: $0, as: UTF8.self) } == value)
        }
    }

    @Test(arguments: [
        (#"{"key":"17","vlaue":"paid"}"#, #"it has no "value"; null stands for none"#),
        (#"{"value":"paid","headers":{"a":"b"}}"#, #"its headers aren't written as [{"name": …, "value": …}]"#),
        (#"{"valueBase64":"?"}"#, "its valueBase64 isn't Base64"), (#"{"value":1} 2"#, "it is no JSON object"),
    ])
    func aRecordInJSONWithAMistakeIsNotWritten(line: String, reason: String) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let result = try await ToolProgram(kafka.bootstrapServers)
                .run(["produce", "orders", "-i", "json"], input: "{\"value\":null}\n\(line)\n")
            #expect(result.status == 1)
            #expect(
                result.errors
                    == "1 record written to orders\nasync-kafka: Line 2 can't be written: \(reason).\n")
        }
    }

    @Test(arguments: ["\0\0\0\u{3}abc\0\0", "\0\0\0\u{3}abc\0\0\0\u{3}ab"])
    func aTruncatedInputIsAnError(input: String) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let result = try await ToolProgram(kafka.bootstrapServers)
                .run(["produce", "orders", "-i", "length-prefixed"], input: input)
            #expect(result.status == 1)
            #expect(result.errors.hasPrefix("1 record written to orders\nasync-kafka: Record 2 can't be written"))
        }
    }

    @Test func writingEndsWhenTheBrokersAreGone() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            async let result = self.shell("yes | \"$0\" produce orders --timeout 2s", kafka)
            _ = try await kafka.waitForRecords(1, in: "orders")
            try await kafka.stopBroker(try #require(try await kafka.leader(of: "orders", partition: 0)))
            #expect(try await result.status == ExitStatus.noConnection.rawValue)
            #expect(try await result.errors.contains(" failed\nasync-kafka: "))
        }
    }

    // MARK: The standard streams

    @Test func closedStreamsAreNotTakenForConnections() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("orders")
            let input = try await self.shell("exec \"$0\" produce orders <&-", kafka)
            #expect(input.status == 1)
            #expect(input.errors.hasSuffix("Can't read standard input: Bad file descriptor.\n"), "\(input.errors)")
            let output = try await self.shell("exec \"$0\" topics list >&-", kafka)
            #expect(output.status == 1)
            #expect(output.errors == "async-kafka: Can't write the output: Bad file descriptor.\n")
        }
    }

    @Test func namesCanNotMoveTheCursor() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await tool.succeed("produce", "orders", "a")
            try await tool.succeed("consume", "orders", "-g", "\u{1b}[2J", "-n", "1")
            #expect(try await tool.succeed("groups", "delete", "\u{1b}[2J", "-y") == ["\\u{1b}[2J deleted"])
            let gone = try await tool.run(["groups", "delete", "\u{1b}[2J", "-y"])
            #expect(gone.errors.hasPrefix("async-kafka: \\u{1b}[2J: GROUP_ID_NOT_FOUND"), "\(gone.errors)")
        }
    }
}
