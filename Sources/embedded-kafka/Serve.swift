// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing

/// What the program is asked to serve.
struct Serve {
    struct Topic: Hashable, Sendable {
        var name: String
        var partitions: Int
    }

    private static let portOption = RequiredOption(
        "--port", short: "p", .number(in: 0...65535),
        "The port of the first broker; the others take the next ones. 0: free ones.")
    private static let brokersOption = Option(
        "--brokers", .number(in: 1...100), "The number of brokers. Default: 1.")
    private static let topicOption = Option(
        "--topic", short: "t", .topic, isRepeatable: true, "A topic to create, which may be repeated.")

    /// The command line, whose command passes what it is asked for to `run`.
    static func command(run: @escaping @Sendable (Serve) async throws -> Void) -> Command {
        Command(
            "embedded-kafka", "serves a Kafka cluster that lives in this process's memory, on 127.0.0.1",
            details: """
                Prints the bootstrap servers in one line when it is ready, and serves until SIGTERM or SIGINT.
                """,
            takes: [Self.portOption, Self.brokersOption, Self.topicOption],
            examples: [
                Command.Example(
                    "embedded-kafka --port 9092 --brokers 3 --topic orders:12",
                    "Three brokers and a topic of 12 partitions")
            ]
        ) { arguments in try await run(try Serve(arguments)) }
    }

    var port: Int
    var brokers: Int
    var topics: [Topic]

    private init(_ arguments: Arguments) throws(UsageError) {
        self.port = arguments[Self.portOption]
        self.brokers = arguments[Self.brokersOption] ?? 1
        self.topics = arguments[all: Self.topicOption]
        guard self.port + self.brokers - 1 <= 65535 else {
            throw UsageError("There are no \(self.brokers) ports from \(self.port) on")
        }
    }

    /// The ports of the brokers.
    var ports: [Int] {
        (0..<self.brokers).map { self.port == 0 ? 0 : self.port + $0 }
    }
}

extension ValueKind where Value == Serve.Topic {
    /// A topic written as `NAME:PARTITIONS`.
    fileprivate static var topic: ValueKind {
        ValueKind("NAME:PARTITIONS") { text throws(UsageError) in
            guard let colon = text.lastIndex(of: ":"), colon > text.startIndex,
                let partitions = Int(text[text.index(after: colon)...]), (1...100_000).contains(partitions)
            else { throw UsageError("it must be written as NAME:PARTITIONS, with 1 to 100000 partitions") }
            return Serve.Topic(name: String(text[..<colon]), partitions: partitions)
        }
    }
}
