// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation
import KafkaTestSupport
import Testing

extension InteropTests {
    /// The command line tool, as a user runs it, compared with Kafka's own tools.
    @Suite(.timeLimit(.minutes(5)))
    struct Tool {
        private typealias Object = [String: Any]

        /// The objects of lines of JSON.
        private func lines(_ output: [String]) throws -> [Object] {
            try output.map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? Object, "\(line)")
            }
        }

        @Test(arguments: TestEnvironment.all)
        func topicsAreCreatedDescribedChangedAndDeleted(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = unique("tool")
            #expect(
                try await tool.succeed("topics", "create", topic, "-p", "3", "-r", "1", "-c", "retention.ms=60000")
                    == ["\(topic) created"])
            let again = try await tool.run(["topics", "create", topic, "-p", "3", "-r", "1"])
            #expect(again.status == 1)
            #expect(again.errors.contains("TOPIC_ALREADY_EXISTS"), "\(again.errors)")
            #expect(
                try await tool.succeed("topics", "create", topic, "-p", "3", "-r", "1", "--if-not-exists")
                    == ["\(topic) exists"])
            try await eventually("the topic is known") {
                try await tool.objects("topics", "list").contains {
                    $0["topic"] as? String == topic && $0["partitions"] as? Int == 3
                }
            }
            #expect(try await tool.succeed("topics", "names").contains(topic))

            let described = try #require(try await tool.objects("topics", "describe", topic).first)
            let partitions = try #require(described["partitions"] as? [Object])
            if RealKafka.isAvailable {
                let told = try await KafkaTool.run(
                    "org.apache.kafka.tools.TopicCommand",
                    ["--bootstrap-server", cluster.bootstrap, "--describe", "--topic", topic])
                for (partition, line) in zip(partitions, told.dropFirst()) {
                    let replicas = (partition["replicas"] as? [Int] ?? []).map(String.init).joined(separator: ",")
                    #expect(line.contains("Partition: \(partition["partition"] as? Int ?? -1)\t"), "\(line)")
                    #expect(line.contains("Leader: \(partition["leader"] as? Int ?? -1)\t"), "\(line)")
                    #expect(line.contains("Replicas: \(replicas)\t"), "\(line)")
                }
                #expect(partitions.count == told.count - 1)
            }
            let settings = try await tool.objects("configs", "describe", topic)
            let retention = try #require(settings.first { $0["name"] as? String == "retention.ms" })
            #expect(retention["value"] as? String == "60000")
            #expect(retention["source"] as? String == "topic")

            #expect(try await tool.succeed("topics", "add-partitions", topic, "5") == ["\(topic) has 5 partitions"])
            #expect(try await tool.succeed("topics", "delete", topic, "--yes") == ["\(topic) deleted"])
            let gone = try await tool.run(["topics", "delete", topic, "--yes"])
            #expect(gone.status == 1)
            #expect(try await tool.succeed("topics", "delete", topic, "--yes", "--if-exists") == ["\(topic) deleted"])
        }

        @Test(arguments: TestEnvironment.all)
        func recordsAreWrittenAndReadInAllForms(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = try await cluster.createTopic("records", partitions: 2)

            let first = try await tool.run([
                "produce", topic, "paid", "-k", "17", "-p", "0", "-H", "source=shell", "--timestamp",
                "2026-01-02T03:04:05.678Z",
            ])
            #expect(first.errors == "1 record written to \(topic)\n")
            #expect(
                try await tool.succeed("consume", topic)
                    == ["2026-01-02T03:04:05.678Z  \(topic)/0@0  17  paid  [source=shell]"])

            let keyed = (1...20).map { "\($0):{\"amount\":\($0 * 10)}\n" }.joined()
            try await tool.succeed("produce", topic, "--input", "keyed", "-z", "gzip", input: keyed)
            try await tool.succeed("produce", topic, "--null", "-k", "17", "-p", "1")
            let all = try self.lines(try await tool.succeed("consume", topic, "-o", "json"))
            #expect(all.count == 22)
            #expect(all.count { $0["value"] is NSNull } == 1)
            #expect(
                Set(all.compactMap { $0["key"] as? String }) == Set((1...20).map { "\($0)" }), "each key is there")

            // Filters, limits and places.
            #expect(
                try await tool.succeed("consume", topic, "-w", ".amount>180", "-f", "%k=%v;\\n").sorted()
                    == ["19={\"amount\":190};", "20={\"amount\":200};"])
            #expect(try await tool.succeed("consume", topic, "--grep", "^1$", "-f", "%v\\n") == ["{\"amount\":10}"])
            #expect(try await tool.succeed("consume", topic, "-n", "3").count == 3)
            #expect(try await tool.succeed("consume", topic, "--last", "2").count == 2)
            #expect(try await tool.succeed("consume", topic, "-p", "0", "--from", "0", "--to", "1").count == 1)
            #expect(try await tool.succeed("consume", topic, "--from", "2026-01-02T03:04:06Z").count == 21)
            #expect(try await tool.succeed("consume", topic, "--to", "2026-01-02T03:04:06Z").isEmpty == false)
            #expect(try await tool.succeed("consume", topic, "-p", "0", "--from", "-1").count == 1)

            // What is read as JSON is written again as it was.
            let copy = try await cluster.createTopic("copy", partitions: 2)
            let bytes = TemporaryFolder.path("bytes")
            try Data([0, 255, 10, 13]).write(to: bytes)
            try await tool.succeed("produce", topic, "--value-file", bytes.path, "-k", "bytes", "-p", "0")
            let lines = try await tool.succeed("consume", topic, "-o", "json")
            try await tool.succeed("produce", copy, "--input", "json", input: lines.map { $0 + "\n" }.joined())
            let copied = try await tool.succeed("consume", copy, "-o", "json")
            #expect(
                copied.map { $0.replacingOccurrences(of: copy, with: topic) }.sorted() == lines.sorted(),
                "nothing is lost")
            #expect(copied.contains { $0.contains("\"valueBase64\":\"AP8KDQ==\"") })
        }

        @Test(arguments: TestEnvironment.all)
        func groupsReadAreSeenAndAreReset(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = try await cluster.createTopic("grouped", partitions: 2)
            let group = unique("readers")
            try await tool.succeed("produce", topic, "-p", "0", "a", "b", "c")
            try await tool.succeed("produce", topic, "-p", "1", "d", "e")
            #expect(
                try await tool.succeed("consume", topic, "-g", group, "-n", "5", "-f", "%v\\n").sorted()
                    == ["a", "b", "c", "d", "e"])
            try await tool.succeed("produce", topic, "-p", "1", "f")

            let lag = try #require(try await tool.objects("lag", group).first)
            #expect(lag["lag"] as? Int == 1)
            #expect(lag["largestIn"] as? String == "\(topic)-1" || lag["largest"] as? Int == 1)
            let offsets = try await tool.objects("groups", "offsets", group)
            #expect(offsets.compactMap { $0["committed"] as? Int } == [3, 2])
            #expect(offsets.compactMap { $0["logEnd"] as? Int } == [3, 3])
            if RealKafka.isAvailable {
                let told = try await KafkaTool.run(
                    "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
                    ["--bootstrap-server", cluster.bootstrap, "--describe", "--group", group])
                for row in offsets {
                    let fields = ["topic", "partition", "committed", "logEnd", "lag"].map { "\(row[$0] ?? "-")" }
                    let line = told.map { $0.split(separator: " ").map(String.init) }.first {
                        $0.count > 5 && $0[1] == topic && $0[2] == fields[1]
                    }
                    #expect(line.map { Array($0[1...5]) } == fields, "\(told)")
                }
            }
            #expect(try await tool.succeed("groups", "names").contains(group))
            let listed = try await tool.objects("groups", "list")
            #expect(listed.contains { $0["group"] as? String == group && $0["protocol"] as? String == "consumer" })

            let plan = try await tool.objects("groups", "reset", group, "--to", "beginning", "--dry-run")
            #expect(plan.compactMap { $0["new"] as? Int } == [0, 0])
            #expect(
                try await tool.objects("groups", "offsets", group).compactMap { $0["committed"] as? Int } == [
                    3, 2,
                ])
            try await tool.succeed("groups", "reset", group, "--shift", "-1", "--topic", "\(topic):0", "--yes")
            #expect(
                try await tool.objects("groups", "offsets", group).compactMap { $0["committed"] as? Int } == [
                    2, 2,
                ])
            #expect(
                try await tool.succeed("consume", topic, "-g", group, "-n", "2", "-f", "%v\\n").sorted() == ["c", "f"])
            #expect(try await tool.succeed("groups", "delete", group, "--yes") == ["\(group) deleted"])
            let gone = try await tool.run(["groups", "describe", group])
            #expect(gone.status == 1)

            let places = try await tool.objects("offsets", "list", topic, "--time", "1d")
            #expect(places.compactMap { $0["end"] as? Int } == [3, 3])
            #expect(places.compactMap { $0["atTime"] as? Int } == [0, 0])
        }

        @Test(arguments: TestEnvironment.all)
        func anInterruptedProducerTellsWhatIsWritten(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = try await cluster.createTopic("interrupted")
            // The pipe stays open behind the lines, so that the program waits for more.
            let pipe = TemporaryFolder.path("pipe").path
            #expect(mkfifo(pipe, 0o600) == 0)
            let program = try tool.start(["produce", topic, "--file", pipe])
            let writer = try FileHandle(forUpdating: URL(fileURLWithPath: pipe))
            try writer.write(contentsOf: Data("a\nb\nc\nunfinished".utf8))
            let reader = ToolProgram(cluster.bootstrapServers)
            try await eventually("the lines are written") { try await reader.succeed("consume", topic).count == 3 }
            program.signal(SIGINT)
            #expect(await program.ended() == 130)
            #expect(program.errors == "3 records written to \(topic)\n")
            #expect(try await reader.succeed("consume", topic, "-f", "%v\\n") == ["a", "b", "c"])
        }

        @Test(arguments: TestEnvironment.all)
        func aFollowerWritesWhatComesUntilItIsInterrupted(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = try await cluster.createTopic("followed")
            try await tool.succeed("produce", topic, "before", "last")
            let program = try tool.start(["consume", topic, "--last", "1", "--follow", "-f", "%v\\n"])
            var lines = program.lines.makeAsyncIterator()
            #expect(await lines.next() == "last")
            try await tool.succeed("produce", topic, "after")
            #expect(await lines.next() == "after")
            program.signal(SIGINT)
            #expect(await program.ended() == 130)
            #expect(program.errors == "")
        }

        @Test(arguments: TestEnvironment.all)
        func measurementsCountEveryRecord(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let tool = ToolProgram(cluster.bootstrapServers)
            let topic = try await cluster.createTopic("measured", partitions: 2)
            let plot = TemporaryFolder.path("plot.svg").path
            let written = try await tool.object("perf", "produce", topic, "-n", "20000", "--size", "64", "--plot", plot)
            #expect(written["records"] as? Int == 20000)
            #expect(
                (written["p99Milliseconds"] as? Double ?? 0) >= (written["p50Milliseconds"] as? Double ?? .infinity))
            #expect(try String(contentsOfFile: plot, encoding: .utf8).hasPrefix("<svg"))
            let read = try await tool.object("perf", "consume", topic)
            #expect(read["records"] as? Int == 20000)
            #expect((read["mebibytesPerSecond"] as? Double ?? 0) > 0)
            let latency = try await tool.succeed("perf", "latency", topic, "-n", "20")
            #expect(latency.first?.hasPrefix("RECORDS") == true)
            #expect(latency.contains { $0.contains("█") }, "\(latency)")
        }
    }
}
