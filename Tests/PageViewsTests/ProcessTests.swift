// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaTestSupport
import Testing

@testable import page_views

/// The program in several processes, as on a real cluster.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct ProcessTests {
    /// A log in parts, so that views arrive while something happens.
    private struct Parts {
        let whole: String
        let parts: [String]

        init(_ number: Int, of size: Int, in directory: String) throws {
            let lines = Array(SampleLog(count: number * size))
            self.whole = try (lines.joined(separator: "\n") + "\n").written(to: "access.log", in: directory)
            self.parts = try (0..<number).map { part in
                let text = lines[(part * size)..<((part + 1) * size)].joined(separator: "\n") + "\n"
                return try text.written(to: "access-\(part).log", in: directory)
            }
        }
    }

    @Test(arguments: Kafka.all)
    func eachViewIsCountedOnceEvenIfProcessesAreKilled(kafka: Kafka) async throws {
        try await withTemporaryDirectory { directory in
            try await kafka.withTopic { servers, topic in
                let log = try Parts(9, of: 2000, in: directory)
                let count = ["count", "--topic", topic, "--group", topic, "--store", directory + "/store"]
                var counters: [ChildProcess] = []
                for _ in 0..<3 { counters.append(try PageViewsProgram.start(count, kafka: servers)) }
                for (number, part) in log.parts.enumerated() {
                    try await PageViewsProgram.succeed(["produce", "--log", part, "--topic", topic], kafka: servers)
                    guard number % 3 == 1 else { continue }
                    try await Task.sleep(for: .milliseconds(.random(in: 0..<1500)))
                    let victim = Int.random(in: counters.indices)
                    await counters[victim].destroy()
                    counters[victim] = try PageViewsProgram.start(count, kafka: servers)
                }
                try await PageViewsProgram.succeed(count + ["--until-idle", "1"], kafka: servers)
                for counter in counters {
                    await counter.stop()
                    #expect(counter.status == 0, "\(counter.errors)")
                }
                let verdict = try await PageViewsProgram.succeed(
                    ["check", "--log", log.whole, "--store", directory + "/store"])
                #expect(verdict == "Every one of the 18,000 views was counted exactly once.\n")
            }
        }
    }

    @Test(arguments: Kafka.all)
    func aProcessThatWakesAfterLosingItsPartitionsChangesNothing(kafka: Kafka) async throws {
        try await withTemporaryDirectory { directory in
            try await kafka.withTopic { servers, topic in
                let log = try Parts(3, of: 2000, in: directory)
                let count = ["count", "--topic", topic, "--group", topic, "--store", directory + "/store"]
                func produce(_ part: Int) async throws {
                    try await PageViewsProgram.succeed(
                        ["produce", "--log", log.parts[part], "--topic", topic], kafka: servers)
                }

                let sleeper = try PageViewsProgram.start(count, kafka: servers)
                var lines = sleeper.lines.makeAsyncIterator()
                while let line = await lines.next(), !line.contains("takes partitions") {}
                try await produce(0)
                sleeper.signal(SIGSTOP)
                try await produce(1)
                // It ends when it has counted all views, which requires the sleeper's partitions.
                try await PageViewsProgram.succeed(count + ["--until-idle", "1"], kafka: servers)
                sleeper.signal(SIGCONT)
                while let line = await lines.next(), !line.contains("has lost partitions") {}
                #expect(sleeper.isRunning)
                try await produce(2)
                try await PageViewsProgram.succeed(count + ["--until-idle", "1"], kafka: servers)
                await sleeper.stop()
                #expect(sleeper.status == 0, "\(sleeper.errors)")
                let verdict = try await PageViewsProgram.succeed(
                    ["check", "--log", log.whole, "--store", directory + "/store"])
                #expect(verdict == "Every one of the 6,000 views was counted exactly once.\n")
            }
        }
    }

    @Test func aFullDiskIsReportedAndNothingIsLost() async throws {
        try await withTemporaryDirectory { directory in
            try await Kafka.embedded.withTopic { servers, topic in
                let log = try Parts(1, of: 5000, in: directory)
                try await PageViewsProgram.succeed(["produce", "--log", log.whole, "--topic", topic], kafka: servers)
                let count = ["count", "--topic", topic, "--group", "g", "--store", directory + "/store"]
                // With its signal ignored, a file size limit fails a write as a full disk does.
                let limited = try await PageViewsProgram.run(
                    count, kafka: servers, limits: "trap '' XFSZ; ulimit -f 4")
                #expect(limited.status == 1)
                #expect(limited.errors.contains("page-views: Can't write \(directory)/store/"), "\(limited.errors)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: directory + "/store").isEmpty)

                try await PageViewsProgram.succeed(count + ["--until-idle", "1"], kafka: servers)
                try await PageViewsProgram.succeed(["check", "--log", log.whole, "--store", directory + "/store"])
            }
        }
    }

    @Test func aDamagedStoreIsNamedBeforeAnythingIsCounted() async throws {
        try await withTemporaryDirectory { directory in
            try await Kafka.embedded.withTopic { servers, topic in
                let file = try "no tally".written(to: "\(topic)-3.tally", in: directory)
                let result = try await PageViewsProgram.run(
                    ["count", "--topic", topic, "--group", "g", "--store", directory], kafka: servers)
                #expect(result.status == 1)
                #expect(result.errors.contains("page-views: The store's file \(file) is damaged"), "\(result.errors)")
            }
        }
    }

    @Test func anUnreachableBrokerIsReportedInOneSentence() async throws {
        try await withTemporaryDirectory { directory in
            async let produced = PageViewsProgram.run(["produce", "--topic", "t"], kafka: "127.0.0.1:1")
            async let counted = PageViewsProgram.run(
                ["count", "--topic", "t", "--group", "g", "--store", directory], kafka: "127.0.0.1:1")
            for result in [try await produced, try await counted] {
                #expect(result.status == 1)
                #expect(result.errors.hasPrefix("page-views: Can't find the topic t on Kafka at 127.0.0.1:1"))
                #expect(result.errors.hasSuffix(".\n") && result.errors.count { $0 == "\n" } == 1)
                #expect(result.output == "")
            }
        }
    }

    @Test(
        arguments: [
            (["count", "--topic", "t"], 2, "page-views: --group is missing. See page-views count --help.\n"),
            (["fly"], 2, "page-views: There is no command \"fly\". See page-views --help.\n"),
            (
                ["check", "--log", "/no.log", "--store", "/tmp"], 1,
                "page-views: Can't open /no.log: No such file or directory.\n"
            ),
            (
                ["produce", "--log", "/no.log", "--topic", "t"], 1,
                "page-views: Can't open /no.log: No such file or directory.\n"
            ),
            (["report", "--store", "/no"], 1, "page-views: There is no store in /no: no such directory.\n"),
        ] as [([String], Int32, String)])
    func aFailureIsReportedInOneSentence(arguments: [String], status: Int32, sentence: String) async throws {
        let result = try await PageViewsProgram.run(arguments)
        #expect(result.status == status)
        #expect(result.errors == sentence)
        #expect(result.output == "")
    }

    @Test func theDemoCountsEachViewOnce() async throws {
        let output = try await PageViewsProgram.succeed(["demo", "--views", "5000"])
        #expect(output.contains("Consumer two joins."))
        #expect(output.contains("two: takes partitions"))
        #expect(output.hasSuffix("\nEvery one of the 5,000 views was counted exactly once.\n"))
    }

    @Test func reportsSamplesAndMalformedLinesAreCorrect() async throws {
        try await withTemporaryDirectory { directory in
            try await Kafka.embedded.withTopic { servers, topic in
                let log = try """
                192.0.2.1 - anna [01/Jan/2026:01:02:03 +0100] "GET / HTTP/1.1" 200 5120
                what is this?
                192.0.2.1 - anna [01/Jan/2026:00:04:59 +0000] "GET / HTTP/1.1" 200 5120
                192.0.2.1 - - [01/Jan/2026:00:05:00 +0000] "GET / HTTP/1.1" 404 - "-" "curl"
                """.written(to: "access.log", in: directory)
                let produced = try await PageViewsProgram.run(
                    ["produce", "--log", log, "--topic", topic], kafka: servers)
                #expect(produced.status == 0)
                #expect(produced.output == "3 views produced to \(topic).\n")
                #expect(produced.errors == "1 malformed line left out:\n  line 2: there is no user\n")
                try await PageViewsProgram.succeed(
                    ["count", "--topic", topic, "--group", "g", "--store", directory, "--until-idle", "1"],
                    kafka: servers)
                let csv = try await PageViewsProgram.succeed(["report", "--store", directory, "--csv"])
                #expect(
                    csv == """
                        user,window_start,views
                        192.0.2.1,2026-01-01T00:05:00Z,1
                        anna,2026-01-01T00:00:00Z,2

                        """)
                let sample = try await PageViewsProgram.succeed(["sample", "--views", "1234"])
                #expect(sample.split(separator: "\n").map(String.init) == Array(SampleLog(count: 1234)))
            }
        }
    }
}
