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

/// `verify`, whose status says whether two topics have the same records.
@Suite(.timeLimit(.minutes(2)))
struct VerifyTests {
    private static let heading = "partition,records,otherRecords,firstDifference,offset,otherOffset"

    private func write(_ values: [String], to topic: String, _ tool: ToolProgram) async throws {
        let time = ["--timestamp", "2026-11-26"]
        let result = try await tool.run(["produce", topic] + values + ["-p", "0"] + time)
        try #require(result.status == 0, "\(result.errors)")
    }

    @Test func sameTopicsAreTheSameWhateverTheirOffsets() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            for topic in ["a", "b"] { try await kafka.createTopic(topic, partitions: 2) }
            try await self.write(["gone"], to: "b", tool)
            try await tool.succeed("topics", "delete-records", "b", "-y")
            for topic in ["a", "b"] { try await self.write(["x", "y"], to: topic, tool) }
            let rows = [Self.heading, "0,2,2,,,", "1,0,0,,,"]
            #expect(try await tool.succeed("verify", "a", "b", "-o", "csv") == rows)
            #expect(try await tool.succeed("verify", "a", "b", "--unordered", "-o", "json") == ["[]"])
        }
    }

    @Test func theFirstDifferenceOfAPartitionIsShown() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await self.write(["x", "y", "z", "z"], to: "a", tool)
            try await self.write(["x", "Y", "Z"], to: "b", tool)
            try await self.write(["x", "y"], to: "c", tool)
            let differs = try await tool.run(["verify", "a", "b", "-o", "csv"])
            #expect(differs.status == ExitStatus.different.rawValue)
            #expect(differs.output == [Self.heading, "0,4,3,value,1,1"])
            let isShorter = try await tool.run(["verify", "c", "a", "-o", "csv"])
            #expect(isShorter.status == ExitStatus.different.rawValue)
            #expect(isShorter.output == [Self.heading, "0,2,4,number of records,,2"])
        }
    }

    @Test func setsDifferInTheRecordsThatOnlyOneHas() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let tool = ToolProgram(kafka.bootstrapServers)
            try await self.write(["x", "y", "z", "z"], to: "a", tool)
            try await self.write(["z", "x", "w"], to: "b", tool)
            let result = try await tool.run(["verify", "a", "b", "--unordered", "--limit", "2", "-o", "csv"])
            #expect(result.status == ExitStatus.different.rawValue)
            #expect(result.output.count == 3)
            #expect(
                result.output.dropFirst().allSatisfy { $0.hasPrefix("a,first,0,") }, "y, and one z: \(result.output)")
            #expect(result.errors == "1 more records differ\n")
        }
    }

    @Test func anotherClusterMayHaveTheSecondTopic() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await EmbeddedKafka.withBroker { other in
                let tool = ToolProgram(kafka.bootstrapServers)
                try await tool.succeed("produce", "orders", "x", "-H", "a=b")
                try await ToolProgram(other.bootstrapServers).succeed("produce", "orders", "x")
                let words = ["verify", "orders", "orders", "--other-bootstrap-servers", other.bootstrapServers[0]]
                let strict = try await tool.run(words + ["--ignore", "timestamp", "-o", "csv"])
                #expect(strict.status == ExitStatus.different.rawValue)
                #expect(strict.output.last == "0,1,1,headers,0,0")
                #expect(try await tool.run(words + ["--ignore", "timestamp", "--ignore", "headers"]).status == 0)
                let nowhere = try await tool.run(["verify", "orders", "nothing"])
                #expect(nowhere.status == 1)
                #expect(nowhere.errors.contains("UNKNOWN_TOPIC_OR_PARTITION"))
            }
        }
    }
}
