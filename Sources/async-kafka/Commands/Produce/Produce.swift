// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

/// `async-kafka produce`: the options. `ProduceRun` does the work.
struct Produce: Sendable {
    static let command = Command(
        "produce", aliases: ["write", "send"], "writes records",
        details: """
            Writes the values that follow the topic, or else what standard input has, a record a line. --input keyed splits a line \
            at the first --delimiter into key and value; --input json takes an object a line, as `consume -o json` writes it, with \
            key, value, headers, partition and timestamp; --input length-prefixed takes values that follow their length in 4 bytes, \
            the highest first.

            At the end it says on standard error how many records the brokers have acknowledged. After Ctrl-C it reads no more, \
            waits for what it has sent, and says the same.
            """,
        takes: [
            Self.topic, Self.values, Self.key, Self.header, Self.partition, Self.timestamp, Self.null, Self.valueFile,
            Self.input,
            Self.file, Self.delimiter, Self.compression, Self.acks,
        ],
        examples: [
            Command.Example("async-kafka produce orders paid --key 17 -H source=shell", "One record"),
            Command.Example("tail -f access.log | async-kafka produce log -z zstd", "A record a line"),
            Command.Example("async-kafka produce users --input keyed --delimiter , < users.csv", "With keys"),
            Command.Example("async-kafka produce users --key 17 --null", "Delete a key of a compacted topic"),
        ]
    ) { arguments in try await Produce(arguments).run() }

    private static let topic = Operand("TOPIC", Topics.kind, "The topic.")
    private static let values = Operands(
        "VALUE", ValueKind("VALUE") { $0 }, count: 0...Int.max, "Values, a record each.")
    private static let key = Option("--key", short: "k", ValueKind("KEY") { $0 }, "The key of all records.")
    private static let header = Option("--header", short: "H", .pair(), isRepeatable: true, "A header of all records.")
    private static let partition = Option(
        "--partition", short: "p", .number(in: 0...Int32.max), "The partition. Default: by the key.")
    private static let timestamp = Option("--timestamp", .moment(), "The time of all records. Default: now.")
    private static let null = Flag("--null", "Writes a record without a value: a tombstone.")
    private static let valueFile = Option(
        "--value-file", .file(), isRepeatable: true, "A file whose contents are one value.")
    private static let input = Option<InputFormat>(
        "--input", short: "i", .word("FORMAT"), "lines, keyed, json or length-prefixed. Default: lines.")
    private static let file = Option("--file", .file(), "The file to read instead of standard input.")
    private static let delimiter = Option(
        "--delimiter", short: "d", .text("TEXT"), "What separates key and value. Default: a colon.")
    private static let compression = Option(
        "--compression", short: "z", .compression, "none, gzip, snappy, lz4 or zstd. Default: none.")
    private static let acks = Option("--acks", .acknowledgements, "all, leader or none. Default: all.")

    /// Where the records come from.
    enum Source: Sendable {
        case values([Bytes?])
        case stream(InputFormat, path: String)
    }

    let source: Source
    /// The topic, and what all records have in common.
    let pattern: ProducerRecord
    let delimiter: String
    let configuration: ProducerConfiguration

    init(_ arguments: Arguments) throws {
        var values = arguments[Self.values].map { Bytes($0) as Bytes? }
        values += try arguments[all: Self.valueFile].map { Bytes(try FileSystem.read($0)) }
        if arguments[Self.null] { values.append(nil) }
        let input = arguments[Self.input]
        guard values.isEmpty || (input == nil && arguments[Self.file] == nil) else {
            throw UsageError("The values are given, so that --input and --file have no use")
        }
        let isKeyed = input == .keyed
        guard arguments[Self.delimiter] == nil || isKeyed else { throw UsageError("--delimiter is for --input keyed") }
        self.source =
            values.isEmpty ? .stream(input ?? .lines, path: arguments[Self.file] ?? "-") : .values(values)
        self.delimiter = arguments[Self.delimiter] ?? ":"
        self.pattern = ProducerRecord(
            topic: arguments[Self.topic], partition: arguments[Self.partition],
            key: arguments[Self.key].map { Bytes($0) }, value: nil as Bytes?,
            headers: arguments[all: Self.header].map { RecordHeader($0.name, Bytes($0.value)) },
            timestamp: arguments[Self.timestamp])
        var configuration = ProducerConfiguration(try KafkaClientConfiguration(arguments))
        configuration.compression = arguments[Self.compression] ?? .none
        configuration.acks = arguments[Self.acks] ?? .all
        configuration.enableIdempotence = configuration.acks == .all
        if let timeout = arguments[ConnectionOptions.timeout] {
            // The producer wants the time for at least one attempt.
            configuration.deliveryTimeout = max(timeout, configuration.cluster.requestTimeout + configuration.linger)
            configuration.maxBlock = timeout
        }
        self.configuration = configuration
    }
}

extension ValueKind where Value == Compression {
    static var compression: ValueKind {
        let codecs: [(String, Compression)] = [
            ("none", .none), ("gzip", .gzip), ("snappy", .snappy), ("lz4", .lz4), ("zstd", .zstd),
        ]
        return ValueKind("CODEC", completion: .words(codecs.map(\.0))) { text throws(UsageError) in
            guard let codec = codecs.first(where: { $0.0 == text }) else {
                throw UsageError("it must be one of \(codecs.map(\.0).joined(separator: ", "))")
            }
            return codec.1
        }
    }
}

extension ValueKind where Value == ProducerConfiguration.Acknowledgements {
    static var acknowledgements: ValueKind {
        ValueKind("ACKS", completion: .words(["all", "leader", "none"])) { text throws(UsageError) in
            switch text {
            case "all", "-1": .all
            case "leader", "1": .leader
            case "none", "0": .none
            default: throw UsageError("it must be all, leader or none")
            }
        }
    }
}
