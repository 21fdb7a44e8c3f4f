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

/// Another client that writes to a topic, in a separate process.
enum ForeignProducer: Sendable, CustomTestStringConvertible {
    /// Kafka's VerifiableProducer.
    case java
    /// Kafka's ConsoleProducer.
    case console
    /// The Python client aiokafka.
    case aiokafka
    /// librdkafka through confluent_kafka.
    case librdkafka

    var testDescription: String {
        switch self {
        case .java: "Java"
        case .console: "Kafka's console"
        case .aiokafka: "aiokafka"
        case .librdkafka: "librdkafka"
        }
    }

    /// The clients available on this machine. What is missing is reported in one line.
    static let all: [ForeignProducer] = ForeignMember.all.flatMap { member -> [ForeignProducer] in
        switch member {
        case .java: [.java, .console]
        case .aiokafka: [.aiokafka]
        case .librdkafka: [.librdkafka]
        }
    }

    /// The codecs that both the client and this build support.
    var codecs: [Compression] {
        let all: [Compression] = [.none, .gzip, .snappy, .lz4, .zstd]
        switch self {
        case .java, .console, .librdkafka: return all.filter { isInThisBuild($0) }
        // The other codecs require Python modules that may be missing.
        case .aiokafka: return [.none, .gzip]
        }
    }

    /// Writes records whose values are the numbers from 0 on, and whose keys are those numbers modulo 7. They are
    /// stored when it returns.
    func produce(_ count: Int, to topic: String, _ codec: Compression, _ bootstrap: String) async throws {
        switch self {
        case .java:
            let file = TemporaryFolder.path("producer")
            try Data("compression.type=\(codec.codec)\nlinger.ms=20\n".utf8).write(to: file)
            let lines = try await KafkaTool.start(
                "org.apache.kafka.tools.VerifiableProducer",
                [
                    "--bootstrap-server", bootstrap, "--topic", topic, "--max-messages", "\(count)",
                    "--repeating-keys", "7", "--producer.config", file.path,
                ]
            ).output()
            #expect(lines.count { $0.contains(#""name":"producer_send_success""#) } == count)
        case .console:
            try await KafkaTool.run(
                "org.apache.kafka.tools.ConsoleProducer",
                [
                    "--bootstrap-server", bootstrap, "--topic", topic, "--compression-codec", "\(codec.codec)",
                    "--property", "parse.key=true", "--property", "key.separator=:",
                ], input: (0..<count).map { "\($0 % 7):\($0)\n" }.joined())
        case .aiokafka:
            try await PythonClient.start(Self.aiokafkaScript, [bootstrap, topic, "\(codec.codec)", "\(count)"]).output()
        case .librdkafka:
            try await PythonClient.start(Self.librdkafkaScript, [bootstrap, topic, "\(codec.codec)", "\(count)"])
                .output()
        }
    }

    private static let aiokafkaScript = """
        import asyncio, sys, aiokafka

        async def main(bootstrap, topic, codec, count):
            producer = aiokafka.AIOKafkaProducer(
                bootstrap_servers=bootstrap, linger_ms=20, enable_idempotence=True,
                compression_type=None if codec == "none" else codec)
            await producer.start()
            sent = [await producer.send(topic, b"%d" % i, b"%d" % (i % 7)) for i in range(int(count))]
            await asyncio.gather(*sent)
            await producer.stop()

        asyncio.run(main(*sys.argv[1:]))
        """

    private static let librdkafkaScript = """
        import sys, confluent_kafka

        bootstrap, topic, codec, count = sys.argv[1:]
        failures = []
        producer = confluent_kafka.Producer({
            "bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 20, "enable.idempotence": True,
        })
        for i in range(int(count)):
            producer.produce(
                topic, b"%d" % i, b"%d" % (i % 7), on_delivery=lambda error, _: error and failures.append(error))
        left = producer.flush(30)
        if left or failures:
            sys.exit(f"{left} left, {failures[:3]}")
        """
}
