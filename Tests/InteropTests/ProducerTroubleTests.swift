// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

extension InteropTests {
    /// A producer whose records are refused, or whose brokers are unavailable.
    @Suite(.serialized, .timeLimit(.minutes(3)))
    struct ProducerTrouble {
        private static let newest = TestEnvironment.real.first.map { [$0] } ?? []

        /// Returns bytes that no codec makes smaller.
        private func noise(_ count: Int) -> Bytes {
            var random = SystemRandomNumberGenerator()
            return Bytes((0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
        }

        @Test(arguments: TestEnvironment.all)
        func anIncompressibleRecordIsAcceptedUpToTheLimit(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("noise", settings: ["max.message.bytes": "100000"])
            let record = ProducerRecord(topic: topic, value: self.noise(99_920))
            for codec in [Compression.gzip, .snappy, .lz4, .zstd] {
                try await cluster.produce([record]) { $0.compression = codec }
            }
            let read = try await cluster.read(4, from: topic)
            #expect(read.allSatisfy { $0.value == record.value })
            // This is close to the limit.
            await #expect(throws: KafkaError.self) {
                try await cluster.produce([ProducerRecord(topic: topic, value: self.noise(99_940))])
            }
        }

        @Test(arguments: TestEnvironment.all)
        func theBatchLimitOfATopicIsLearnedSoon(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            let topic = try await cluster.createTopic("small", settings: ["max.message.bytes": "20000"])
            let log = LineLog(minimum: .debug)
            // All have the same value, because nothing is compressed.
            let record = ProducerRecord(topic: topic, value: self.noise(1000))
            let records = [ProducerRecord](repeating: record, count: 10_000)
            try await cluster.produce(records) {
                $0.batchSize = 200_000
                $0.linger = .milliseconds(20)
                $0.cluster.log = log
            }
            let refusals = log.lines(.debug, containing: "MESSAGE_TOO_LARGE")
            #expect(refusals.count < 30, "of 500 batches")
            #expect(log.lines(.info, containing: "takes no batches as large as batchSize").count == 1)
        }

        @Test(arguments: Self.newest)
        func anUnavailableClusterCausesFewLogLinesAndOneForTheRecovery(environment: TestEnvironment) async throws {
            guard case .real(let installation) = environment else { return }
            try await RealCluster.withCluster(installation) { cluster in
                try await cluster.createTopic("t")
                let log = LineLog()
                var client = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
                client.log = log
                client.requestTimeout = .seconds(1)
                var producing = ProducerConfiguration(client)
                producing.deliveryTimeout = .seconds(2)
                producing.linger = .zero
                try await KafkaProducer.withProducer(producing) { producer in
                    let record = ProducerRecord(topic: "t", value: "x")
                    _ = try await producer.send(record)
                    await cluster.kill(1)
                    var failed = 0
                    var last: KafkaError?
                    while failed < 12 {
                        do throws(KafkaError) {
                            _ = try await producer.send(record)
                        } catch {
                            failed += 1
                            last = error
                        }
                    }
                    #expect(last?.code == .deliveryTimedOut)
                    #expect(last?.message.contains("The last of ") == true, "\(String(describing: last))")
                    try await cluster.restart(1)
                    try await eventually("records are delivered again") {
                        _ = try? await producer.send(record)
                        return !log.lines(.info, containing: "Records are delivered again").isEmpty
                    }
                }
                let lines = log.lines(.error, containing: "not delivered")
                #expect((2...6).contains(lines.count), "\(lines)")
                // The broker has been reached before, so the log must not suggest other security settings.
                #expect(!log.lines.contains { $0.contains("may want") }, "\(log.lines)")
            }
        }

        @Test(arguments: TestEnvironment.all)
        func anEmbeddedTopicRefusesTheSettingsThatKafkaRefuses(environment: TestEnvironment) async throws {
            let cluster = try await environment.cluster()
            for (name, value) in [
                ("retention.mss", "1"), ("cleanup.policy", "compress"), ("min.insync.replicas", "0"),
                ("max.message.bytes", "-1"), ("unclean.leader.election.enable", "perhaps"),
                ("min.cleanable.dirty.ratio", "1.5"), ("compression.type", "none"), ("segment.bytes", "1"),
            ] {
                await #expect(throws: (any Error).self, "\(name)=\(value)") {
                    _ = try await cluster.createTopic("settings", settings: [name: value])
                }
            }
            _ = try await cluster.createTopic(
                "settings",
                settings: ["cleanup.policy": "compact, delete", "retention.ms": "-1", "segment.bytes": "1048576"])
        }

        @Test(arguments: TestEnvironment.all)
        func aFlushWithoutAcknowledgementsOverTLSEndsWhenAllIsWritten(environment: TestEnvironment) async throws {
            let cluster = try await environment.securedCluster()
            let secured = try #require(cluster.secured)
            guard secured.kinds.contains(.tls) else { return }
            let topic = try await cluster.createTopic("flush")
            var client = cluster.client
            client.bootstrapServers = secured.bootstrapServers(.tls)
            client.security = .tls(KafkaTLSConfiguration(trust: .pem(secured.authority.certificate)))
            var producing = ProducerConfiguration(client)
            producing.acks = .none
            producing.enableIdempotence = false
            let value = self.noise(1000)
            let count = 20_000
            try await KafkaProducer.withProducer(producing) { producer in
                for number in 0..<count {
                    try await producer.enqueue(ProducerRecord(topic: topic, value: value))
                    guard number % 1000 == 999 else { continue }
                    let time = try await ContinuousClock().measure { try await producer.flush() }
                    #expect(time < .seconds(10))
                }
            }
            let read = try await cluster.read(count, from: topic)
            #expect(read.count == count)
        }
    }

    /// One broker of three hangs.
    @Suite(.timeLimit(.minutes(5)), .enabled(if: RealKafka.isAvailable, "\(RealKafka.skipped)"), .threeBrokers)
    struct HangingLeader {
        @Test func recordsForHealthyBrokersFindRoomInTheBufferAndAreStored() async throws {
            let cluster = try await ThreeBrokers.ready()
            try await cluster.createTopic("share", partitions: 3, replicationFactor: 1)
            let leaders = try await cluster.leaders(of: "share")
            #expect(Set(leaders).count == 3)
            var client = KafkaClientConfiguration(bootstrapServers: cluster.bootstrapServers)
            client.log = SilentLog()
            var producing = ProducerConfiguration(client)
            producing.bufferMemory = 1 << 20
            producing.maxRequestSize = 64 << 10
            producing.batchSize = 16 << 10
            producing.maxBlock = .seconds(20)
            let value = Bytes(repeatElement(UInt8(7), count: 1000))
            try await KafkaProducer.withProducer(producing) { producer in
                for partition in 0..<3 as Range<Int32> {
                    _ = try await producer.send(ProducerRecord(topic: "share", partition: partition, value: value))
                }
                await cluster.pause(leaders[0])
                while (try? producer.tryEnqueue(ProducerRecord(topic: "share", partition: 0, value: value))) != nil {}
                let time = try await ContinuousClock().measure {
                    for number in 0..<2000 {
                        let partition = Int32(number % 2 + 1)
                        try await producer.enqueue(ProducerRecord(topic: "share", partition: partition, value: value))
                    }
                    for partition in [1, 2] as [Int32] {
                        _ = try await producer.send(ProducerRecord(topic: "share", partition: partition, value: value))
                    }
                }
                #expect(time < .seconds(20))
                let error = #expect(throws: KafkaError.self) {
                    while true {
                        try producer.tryEnqueue(ProducerRecord(topic: "share", partition: 0, value: value))
                    }
                }
                #expect(error?.message.contains("broker \(leaders[0])") == true)
                await cluster.resume(leaders[0])
            }
        }
    }
}
