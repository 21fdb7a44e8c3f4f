// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// How a producer starts and closes, and how tasks that wait end.
@Suite(.timeLimit(.minutes(2))) struct ProducerLifeTests {
    private struct Failure: Error {}

    @Test func closingDeliversAcceptedRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(
                kafka.producing {
                    $0.linger = .seconds(3600)
                    $0.deliveryTimeout = .seconds(7200)
                }
            ) { producer in
                for number in 0..<10 { try await producer.enqueue(ProducerRecord(topic: "t", value: "\(number)")) }
            }
            let count8 = try await kafka.values("t").count
            #expect(count8 == 10)
        }
    }

    @Test func acceptedRecordsOfAFailingScopeAreDelivered() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            await #expect(throws: Failure.self) {
                try await KafkaProducer.withProducer(kafka.producing()) { producer in
                    try await producer.enqueue(ProducerRecord(topic: "t", value: "accepted"))
                    throw Failure()
                }
            }
            let values9 = try await kafka.values("t")
            #expect(values9 == ["accepted"])
        }
    }

    @Test func closingReportsUndeliveredRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, times: nil)
            await #expect {
                try await KafkaProducer.withProducer(kafka.producing { $0.closeTimeout = .milliseconds(50) }) {
                    for number in 0..<3 { try await $0.enqueue(ProducerRecord(topic: "t", value: "\(number)")) }
                    await hold.untilHeld()
                }
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .closed && error.message.hasPrefix("3 records were not delivered")
                    && error.isOutcomeUnknown
            }
        }
    }

    @Test func unsentRecordsAreKnownFailuresWhenClosing() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.coordinatorLoadInProgress), on: .initProducerId, times: nil)
            let producer = try KafkaProducer(kafka.producing { $0.closeTimeout = .milliseconds(50) })
            async let running: Void = producer.run()
            let delivery = try await producer.enqueue(ProducerRecord(topic: "t", value: "value"))
            producer.triggerGracefulShutdown()
            await #expect {
                try await delivery.metadata
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .closed && !error.isOutcomeUnknown
            }
            try await running
        }
    }

    /// If answers arrive after the socket was closed, the system discards what the broker hasn't read yet.
    @Test func recordsWithoutAcknowledgementReachABrokerThatReadsSlowly() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let count = 150
            let configuration = kafka.producing {
                $0.acks = .none
                $0.enableIdempotence = false
                $0.cluster.metadataMaxAge = .milliseconds(1)
            }
            let dots = String(repeating: ".", count: 10_000)
            try await KafkaProducer.withProducer(configuration) { producer in
                func send(_ number: Int) async throws {
                    _ = try await producer.send(ProducerRecord(topic: "t", value: Bytes("\(number)\(dots)")))
                }
                try await send(0)
                // Requests after this one on the connection have to wait. Its answer comes after closing.
                kafka.inject(.delay(.milliseconds(500)), on: .metadata, times: nil)
                kafka.forgetRequests()
                await kafka.untilRequests(of: .metadata)
                for number in 1..<count { try await send(number) }
            }
            try await kafka.untilNobodyIsConnected()
            let numbers = try await kafka.values("t").map { Int($0.prefix { $0 != "." }) }
            #expect(numbers == Array(0..<count))
        }
    }

    @Test func aBrokerThatReadsNothingDelaysClosingOnlyUpToItsLimit() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.hold(EmbeddedKafka.Hold()), on: .produce, times: nil)
            let configuration = kafka.producing {
                $0.acks = .none
                $0.enableIdempotence = false
                $0.closeTimeout = .milliseconds(50)
            }
            // More than the broker reads before it stops.
            let value = Bytes(repeatElement(UInt8(1), count: 100_000))
            try await KafkaProducer.withProducer(configuration) { producer in
                for _ in 0..<16 { _ = try await producer.send(ProducerRecord(topic: "t", value: value)) }
            }
        }
    }

    @Test func aClosedProducerAcceptsNothing() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let producer = try KafkaProducer(kafka.producing())
            async let running: Void = producer.run()
            _ = try await producer.send(ProducerRecord(topic: "t", value: "value"))
            producer.triggerGracefulShutdown()
            try await running
            await #expect { try await producer.send(ProducerRecord(topic: "t", value: "late")) } throws: {
                ($0 as? KafkaError)?.code == .closed
            }
            await #expect { try await producer.send(ProducerRecord(topic: "other", value: "late")) } throws: {
                ($0 as? KafkaError)?.code == .closed
            }
            #expect { try producer.tryEnqueue(ProducerRecord(topic: "t", value: "late")) } throws: {
                ($0 as? KafkaError)?.code == .closed
            }
            await #expect(throws: KafkaError.self) { try await producer.run() }
        }
    }

    @Test func closingEndsTheWaitForRoom() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, times: nil)
            let producer = try KafkaProducer(
                kafka.producing {
                    $0.bufferMemory = 16 << 10
                    $0.maxRequestSize = 16 << 10
                    $0.batchSize = 8 << 10
                    $0.closeTimeout = .milliseconds(50)
                })
            let running = Task { try await producer.run() }
            let filling = Task {
                while true {
                    try await producer.enqueue(
                        ProducerRecord(topic: "t", value: Bytes(repeatElement(UInt8(7), count: 1000))))
                }
            }
            await hold.untilHeld()
            producer.triggerGracefulShutdown()
            await #expect { try await filling.value } throws: { ($0 as? KafkaError)?.code == .closed }
            await #expect(throws: KafkaError.self) { try await running.value }
        }
    }

    @Test func cancellingRunEndsItImmediately() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce, times: nil)
            let producer = try KafkaProducer(kafka.producing { $0.closeTimeout = .seconds(3600) })
            let running = Task { try await producer.run() }
            let delivery = try await producer.enqueue(ProducerRecord(topic: "t", value: "value"))
            await hold.untilHeld()
            running.cancel()
            await #expect { try await delivery.metadata } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .closed && error.isOutcomeUnknown
            }
            _ = await running.result
        }
    }

    @Test func aDroppedProducerEndsItsDeliveries() async throws {
        var producer: KafkaProducer? = try KafkaProducer(
            ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"])))
        let sender = try #require(producer?.sender)
        sender.learn(
            TopicMetadata(name: "t", partitions: [PartitionMetadata(index: 0, leader: nil, leaderEpoch: nil)]))
        let delivery = try #require(try await producer?.enqueue(ProducerRecord(topic: "t", value: "value")))
        producer = nil
        await #expect { try await delivery.metadata } throws: { ($0 as? KafkaError)?.code == .closed }
    }

    @Test func cancellingASendEndsOnlyItsWait() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .produce)
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                let sending = Task { try await producer.send(ProducerRecord(topic: "t", value: "accepted")) }
                await hold.untilHeld()
                sending.cancel()
                await #expect { try await sending.value } throws: { ($0 as? KafkaError)?.code == .cancelled }
                hold.release()
                let offset10 = try await producer.send(ProducerRecord(topic: "t", value: "next")).offset
                #expect(offset10 == 1)
            }
            let values11 = try await kafka.values("t")
            #expect(values11 == ["accepted", "next"])
        }
    }

    @Test func aDeliveryCanBeAwaitedRepeatedlyAndByManyTasks() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                let delivery = try await producer.enqueue(ProducerRecord(topic: "t", value: "value"))
                let offsets = try await withThrowingTaskGroup(of: Int64?.self) { group in
                    for _ in 0..<10 { group.addTask { try await delivery.metadata.offset } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(offsets == Array(repeating: 0, count: 10))
                let offset12 = try await delivery.metadata.offset
                #expect(offset12 == 0)
            }
        }
    }

    @Test func aKeptDeliveryDoesNotKeepTheRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", configuration: ["max.message.bytes": "300000"])
            let value = Bytes(repeatElement(UInt8(1), count: 50_000))
            try await KafkaProducer.withProducer(kafka.producing { $0.batchSize = 1 << 20 }) { producer in
                var deliveries: [Delivery] = []
                // Enough for batches that are stored, some of them after a split.
                for _ in 0..<20 {
                    deliveries.append(try await producer.enqueue(ProducerRecord(topic: "t", value: value)))
                }
                for delivery in deliveries { _ = try await delivery.metadata }
                #expect(deliveries.allSatisfy { $0.batch.records.capacity < 1000 })
            }
            let count = try await kafka.stored("t").count
            #expect(count == 20)
        }
    }

    @Test func aFlushWaitsForAllEarlierRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 4)
            let configuration = kafka.producing {
                $0.linger = .seconds(3600)
                $0.deliveryTimeout = .seconds(7200)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                for number in 0..<100 {
                    try await producer.enqueue(ProducerRecord(topic: "t", key: "\(number)", value: "v"))
                }
                try await producer.flush()
                var count = 0
                for partition in 0..<4 { count += try await kafka.stored("t", partition).count }
                #expect(count == 100)
                try await producer.flush()
            }
        }
    }

    @Test func aFlushReportsFailuresThatNoTaskHasAwaited() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            // Both records are in one batch.
            try await KafkaProducer.withProducer(kafka.producing { $0.linger = .milliseconds(500) }) { producer in
                kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
                for _ in 0..<2 { try await producer.enqueue(ProducerRecord(topic: "t", value: "v")) }
                await #expect { try await producer.flush() } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.code == .authorizationFailed
                        && error.message.hasPrefix("2 records were not delivered")
                }
                try await producer.flush()

                kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
                let delivery = try await producer.enqueue(ProducerRecord(topic: "t", value: "v"))
                await #expect(throws: KafkaError.self) { try await delivery.metadata }
                try await producer.flush()
            }
        }
    }

    @Test func withoutRunEverythingEndsWithTheReason() async throws {
        var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"]))
        configuration.maxBlock = .milliseconds(50)
        let producer = try KafkaProducer(configuration)
        await #expect {
            try await producer.send(ProducerRecord(topic: "t", value: "value"))
        } throws: {
            guard let error = $0 as? KafkaError else { return false }
            return error.code == .timedOut && error.message.contains("run()")
        }
        await #expect(throws: KafkaError.self) { try await producer.partitions(of: "t") }
        try await producer.flush()
    }

    @Test(arguments: [
        "acks", "maxInFlightPerBroker", "batchSize", "maxRequestSize", "bufferMemory", "linger", "deliveryTimeout",
        "maxBlock", "closeTimeout", "level", "bootstrapServers",
    ])
    func contradictorySettingsAreRejected(_ name: String) {
        var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: ["127.0.0.1:1"]))
        switch name {
        case "acks": configuration.acks = .leader
        case "maxInFlightPerBroker": configuration.maxInFlightPerBroker = 6
        case "batchSize": configuration.batchSize = 10
        case "maxRequestSize": configuration.maxRequestSize = 1024
        case "bufferMemory": configuration.bufferMemory = 4096
        case "linger": configuration.linger = .seconds(-1)
        case "deliveryTimeout": configuration.deliveryTimeout = .seconds(1)
        case "maxBlock": configuration.maxBlock = .seconds(-1)
        case "closeTimeout": configuration.closeTimeout = .seconds(-1)
        case "level": configuration.compression = .gzip(level: 99)
        default: configuration.cluster.bootstrapServers = []
        }
        #expect {
            try KafkaProducer(configuration)
        } throws: {
            guard let error = $0 as? KafkaError else { return false }
            return error.code == .invalidConfiguration && error.message.contains(name)
        }
    }
}
