// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka perf`: the commands. The measurements are in files of their own.
enum Perf {
    static let command = Command(
        "perf", aliases: ["bench"], "measures how fast records are written and read",
        subcommands: [Self.produce, Self.consume, Self.latency])

    private static let topic = Operand("TOPIC", Topics.kind, "The topic.")
    private static let count = Option(
        "--count", short: "n", .number(in: 1...1_000_000_000), "The number of records. Default: 1000000.")
    private static let size = Option("--size", .bytes(), "The bytes of a value. Default: 100.")
    private static let keys = Option(
        "--keys", .number(in: 1...1_000_000_000), "Gives records one of N keys. Default: they have none.")
    private static let rate = Option(
        "--rate", .number(in: 1...100_000_000), "Writes so many records a second. Default: as many as possible.")
    private static let compression = Option("--compression", short: "z", .compression, "The codec. Default: none.")
    private static let acks = Option("--acks", .acknowledgements, "all, leader or none. Default: all.")
    private static let linger = Option(
        "--linger", .duration(), "How long a batch waits for more. Default: the producer's.")
    private static let plot = Option("--plot", .file(), "Writes the histogram as an SVG picture.")

    private static let produce = Command(
        "produce", aliases: ["producer", "write"], "writes random text, and measures the rate and the latencies",
        takes: [
            Self.topic, Self.count, Self.size, Self.keys, Self.rate, Self.compression, Self.acks, Self.linger,
            Self.plot,
        ],
        examples: [
            Command.Example("async-kafka perf produce test -n 5000000 --size 1KiB -z zstd", "As fast as it goes")
        ]
    ) { arguments in
        let session = try Session(arguments)
        let size = arguments[Self.size] ?? 100
        guard size <= 1 << 28 else { throw UsageError("--size is too large for a record") }
        var configuration = ProducerConfiguration(session.cluster)
        configuration.compression = arguments[Self.compression] ?? .none
        configuration.acks = arguments[Self.acks] ?? .all
        configuration.enableIdempotence = configuration.acks == .all
        if let linger = arguments[Self.linger] { configuration.linger = linger }
        let measurement = ProduceMeasurement(
            topic: arguments[Self.topic], count: arguments[Self.count] ?? 1_000_000, size: Int(size),
            keyCount: arguments[Self.keys], rate: arguments[Self.rate], configuration: configuration)
        try await Interrupt.cancels { try await measurement.run() }
            .write(session.output, plot: arguments[Self.plot])
    }

    private static let all = Option("--count", short: "n", .number(in: 1...Int.max), "Reads so many. Default: all.")

    private static let consume = Command(
        "consume", aliases: ["consumer", "read"], "reads a topic from the beginning, and measures the rate",
        takes: [Self.topic, Self.all],
        examples: [Command.Example("async-kafka perf consume test -n 1000000", "The first million")]
    ) { arguments in
        let session = try Session(arguments)
        let measurement = ConsumeMeasurement(
            topic: arguments[Self.topic], count: arguments[Self.all], cluster: session.cluster)
        try await Interrupt.cancels { try await measurement.run() }.write(session.output, plot: nil)
    }

    private static let few = Option(
        "--count", short: "n", .number(in: 1...10_000_000), "The number of records. Default: 1000.")

    private static let latency = Command(
        "latency", aliases: ["e2e"], "writes record after record, and measures the time until each is read",
        takes: [Self.topic, Self.few, Self.size, Self.plot],
        examples: [Command.Example("async-kafka perf latency test -n 5000 --plot latency.svg", "With a picture")]
    ) { arguments in
        let session = try Session(arguments)
        let measurement = LatencyMeasurement(
            topic: arguments[Self.topic], count: arguments[Self.few] ?? 1000,
            size: Int(min(arguments[Self.size] ?? 100, 1 << 20)),
            cluster: session.cluster)
        try await Interrupt.cancels { try await measurement.run() }
            .write(session.output, plot: arguments[Self.plot])
    }
}

/// Random text, so that compression has something to do, but not much.
enum RandomText {
    /// Returns values of a size. The sequence is always the same, so that measurements can be compared.
    static func values(_ count: Int, size: Int) -> [Bytes] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        return (0..<count).map { _ in
            Bytes(
                (0..<size).map { _ -> UInt8 in
                    // xorshift64 (Marsaglia 2003).
                    state ^= state << 13
                    state ^= state >> 7
                    state ^= state << 17
                    return UInt8(ascii: "A") + UInt8(state % 26)
                })
        }
    }
}
