// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Foundation

/// Measures the client: `kafka-bench MODE BOOTSTRAP TOPIC N SIZE CODEC`; or runs a member of a group (`GroupMemberBenchmark`), or
/// measures a large group (`GroupScaleBenchmark`).
///
/// The current directory must have `payloadSIZE.bin` with 10 000 payloads of SIZE bytes. Prints a line of JSON: the
/// numbers of successful and failed records, and the CPU and wall seconds of the measured part.
/// `KAFKA_BENCH_PROPERTIES` can name a file of Java-style properties for TLS and SASL.
@main
struct KafkaBench {
    static let usage = """
        usage: kafka-bench MODE BOOTSTRAP TOPIC N SIZE none|gzip|snappy|lz4|zstd
                   MODE: produce|keyed|many|batch|records|ack|rtt|transactions-COUNT
               kafka-bench member BOOTSTRAP TOPIC GROUP eager|cooperative|consumer SESSION-SECONDS
               kafka-bench groups eager|cooperative|consumer PARTITIONS MEMBERS
        """

    static func main() async throws {
        let arguments = CommandLine.arguments
        if arguments.count == 7, arguments[1] == "member" { return try await Self.runMember(arguments) }
        if arguments.count == 5, arguments[1] == "groups" { return try await Self.runGroups(arguments) }
        guard arguments.count == 7, let count = Int(arguments[4]), let size = Int(arguments[5]),
            let compression = Self.compression(arguments[6])
        else { Self.fail(Self.usage) }
        let payloads = try Payloads(size: size)
        let cluster = try Self.cluster(arguments[2])
        switch arguments[1] {
        case "produce":
            try await ProduceBenchmark(cluster: cluster, topic: arguments[3], compression: compression).run(
                count, payloads)
        case "keyed":
            try await ProduceBenchmark(
                cluster: cluster, topic: arguments[3], compression: compression, keys: Keys()
            ).run(count, payloads)
        case "many":
            try await ManySendersBenchmark(cluster: cluster, topic: arguments[3], compression: compression).run(
                count, payloads)
        case "rtt":
            try await RoundTripBenchmark(cluster: cluster, topic: arguments[3]).run(count, payloads)
        case "ack":
            try await AcknowledgedSendBenchmark(cluster: cluster, topic: arguments[3]).run(count, payloads)
        case "batch":
            try await ConsumeBenchmark(cluster: cluster, topic: arguments[3]).readBatches(count)
        case "records":
            try await ConsumeBenchmark(cluster: cluster, topic: arguments[3]).readRecords(count)
        default:
            guard arguments[1].hasPrefix("transactions-"), let records = Int(arguments[1].dropFirst(13)), records > 0
            else {
                Self.fail(Self.usage)
            }
            try await TransactionBenchmark(
                cluster: cluster, topic: arguments[3], compression: compression, size: records
            ).run(count, payloads)
        }
    }

    private static func cluster(_ bootstrap: String) throws -> KafkaClientConfiguration {
        var cluster = KafkaClientConfiguration(bootstrapServers: [bootstrap])
        cluster.clientID = "kafka-bench"
        if let path = ProcessInfo.processInfo.environment["KAFKA_BENCH_PROPERTIES"] {
            cluster.security = try KafkaSecurity(propertiesFile: path)
        }
        return cluster
    }

    private static func runGroups(_ arguments: [String]) async throws {
        guard ["eager", "cooperative", "consumer"].contains(arguments[2]), let partitions = Int(arguments[3]),
            let members = Int(arguments[4]), members > 0, partitions > members
        else { Self.fail(Self.usage) }
        try await GroupScaleBenchmark(handover: arguments[2], partitions: partitions, members: members).run()
    }

    private static func runMember(_ arguments: [String]) async throws {
        guard let session = Int(arguments[6]), session > 0,
            let member = GroupMemberBenchmark(
                try Self.cluster(arguments[2]), topic: arguments[3], group: arguments[4], handover: arguments[5],
                session: session)
        else { Self.fail(Self.usage) }
        try await member.run()
    }

    static func compression(_ name: String) -> Compression? {
        switch name {
        case "none": Compression.none
        case "gzip": .gzip
        case "snappy": .snappy
        case "lz4": .lz4
        case "zstd": .zstd
        default: nil
        }
    }

    static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(2)
    }
}

/// The values of the records, which are used in turn.
struct Payloads {
    let values: [Bytes]

    init(size: Int) throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: "payload\(size).bin"))
        let all = Bytes(data)
        self.values = stride(from: 0, to: all.count - size + 1, by: size).map { all[$0..<$0 + size] }
    }
}

/// The keys `user-0` to `user-9999`, in an order in which neighbours are far apart.
struct Keys {
    private let keys = (0..<10_000).map { Bytes("user-\($0)") }

    subscript(index: Int) -> Bytes { self.keys[index * 7919 % self.keys.count] }
}

/// Measures the CPU and wall time since its creation.
struct Stopwatch {
    private let wall = DispatchTime.now().uptimeNanoseconds
    private let cpu = Stopwatch.cpuSeconds()

    var wallSeconds: Double { Double(DispatchTime.now().uptimeNanoseconds - self.wall) / 1e9 }
    var cpuSeconds: Double { Self.cpuSeconds() - self.cpu }

    private static func cpuSeconds() -> Double {
        var usage = rusage()
        #if canImport(Glibc)
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        #else
        getrusage(RUSAGE_SELF, &usage)
        #endif
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }
}
