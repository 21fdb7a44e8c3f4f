// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// Members that come and go copy a topic, on a cluster that fails at random: each record arrives once, and in order.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProcessStressTests {
    private struct Refusal: Error {}

    @Test(arguments: stressSeeds, [(0, HandoverProtocol.eager), (2, .eager), (2, .cooperative), (2, .consumer)])
    func fromTopicToTopic(seed: UInt64, _ setting: (version: Int, handover: HandoverProtocol)) async throws {
        var random = SeededRandom(seed)
        let total = Int(stressSeconds * 400)
        try await EmbeddedKafka.withCluster(.stress(setting.version)) { kafka in
            let topics = [(name: "in", partitions: 4), (name: "out", partitions: 4)]
            for topic in topics {
                try await kafka.createTopic(topic.name, partitions: topic.partitions, replicationFactor: 3)
            }
            try await KafkaProducer.withProducer(
                kafka.producing {
                    $0.linger = .zero; $0.batchSize = 1 << 10
                }
            ) { producer in
                for number in 0..<total {
                    try await producer.enqueue(
                        ProducerRecord(
                            topic: "in", partition: Int32(number % 4), value: Bytes(String(format: "%06d", number))))
                }
                try await producer.flush()
            }
            let ids = (0..<3).map { "copier\($0)" }
            let ledger = TransactionLedger()
            let storm = Task {
                var chaos = TransactionChaos(
                    kafka: kafka, ids: ids, topics: topics, group: "group", random: SeededRandom(seed &* 31))
                try await chaos.rage(every: 5...100)
                return chaos
            }
            let stop = Task {
                try await Task.sleep(for: .seconds(stressSeconds * 1.5))
                storm.cancel()
                try await storm.value.heal()
            }
            let isDone = Lock(false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids {
                    let own = random.next()
                    group.addTask { try await self.copy(id, kafka, setting.handover, ledger, isDone, seed: own) }
                }
                defer { isDone.withLock { $0 = true } }
                do {
                    try await eventually("everything is copied", within: .seconds(40 + stressSeconds * 3)) {
                        var sum: Int64 = 0
                        for partition in 0..<4 {
                            sum += try await kafka.committedOffset(of: "group", topic: "in", partition: partition) ?? 0
                        }
                        return sum >= total
                    }
                } catch {
                    Issue.record("\(error)")
                }
                isDone.withLock { $0 = true }
                try await group.waitForAll()
            }
            try await stop.value
            for id in ids {
                try await eventually("\(id) has ended", within: .seconds(12)) {
                    let state = try await kafka.transaction(id)?.state ?? "Empty"
                    return state.hasPrefix("Complete") || state == "Empty"
                }
            }
            for complaint in ledger.state.withLock({ $0.complaints }) { Issue.record("\(complaint)") }
            for partition in 0..<4 {
                let values = try await kafka.committedValues(TopicPartition("out", Int32(partition)))
                let expected = stride(from: partition, to: total, by: 4).map { String(format: "%06d", $0) }
                if values != expected {
                    let missing = Set(expected).subtracting(values).sorted()
                    let twice = Dictionary(grouping: values) { $0 }.filter { $1.count > 1 }.keys.sorted()
                    Issue.record(
                        "\(partition): \(values.count) of \(expected.count); missing \(missing.prefix(5)), twice \(twice.prefix(5))"
                    )
                }
            }
        }
    }

    private func copy(
        _ id: String, _ kafka: EmbeddedKafka, _ handover: HandoverProtocol, _ ledger: TransactionLedger,
        _ isDone: Lock<Bool>, seed: UInt64
    ) async throws {
        var random = SeededRandom(seed)
        var life = 0
        while !isDone.withLock({ $0 }) {
            life += 1
            let own = random.next()
            let lifespan = Int.random(in: 300..<3000, using: &random)
            let mode = Int.random(in: 0..<4, using: &random)
            let every: TransactionInterval = [
                .batch, .records(20), .bytes(300), .milliseconds(30), .milliseconds(500),
                .records(50).or(.milliseconds(100)),
            ][Int.random(in: 0..<6, using: &random)]
            var configuration = kafka.consuming("group")
            configuration.cluster.requestTimeout = .milliseconds(900)
            configuration.enableAutoCommit = false
            configuration.isolationLevel = .readCommitted
            configuration.closeTimeout = .seconds(5)
            configuration.groupProtocol = handover.groupProtocol(session: .milliseconds(600))
            if Int.random(in: 0..<4, using: &random) == 0 { configuration.groupInstanceID = id }
            if Int.random(in: 0..<4, using: &random) == 0 { configuration.maxPollInterval = .milliseconds(800) }
            let settings = configuration
            let byHand = Int.random(in: 0..<4, using: &random) == 0
            let task = Task {
                try await KafkaTransactionalProducer.withProducer(
                    kafka.producing(isTight: own % 2 == 0), transactionalID: id, transactionTimeout: .seconds(4)
                ) { producer in
                    try await KafkaConsumer.withConsumer(settings, subscribedTo: ["in"]) { consumer in
                        let killer = Task {
                            try await Task.sleep(for: .milliseconds(lifespan))
                            if mode == 0 {
                                producer.triggerGracefulShutdown()
                            } else {
                                consumer.triggerGracefulShutdown()
                            }
                        }
                        defer { killer.cancel() }
                        if byHand {
                            try await self.copyByHand(producer, consumer, ledger, inside: own % 2 == 0)
                        } else {
                            try await self.process(producer, consumer, every, ledger, seed: own)
                        }
                    }
                }
            }
            let end = ContinuousClock.now + .milliseconds(lifespan)
            while ContinuousClock.now < end, !isDone.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
            if mode == 1 || isDone.withLock({ $0 }) { task.cancel() }
            let begun = ContinuousClock.now
            let canceller = Task {
                while !isDone.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(20)) }
                task.cancel()
            }
            defer { canceller.cancel() }
            _ = await task.result
            let took = ContinuousClock.now - begun
            if took > .seconds(25) { ledger.complain("\(id).\(life) ended after \(took)") }
        }
    }

    private func process(
        _ producer: KafkaTransactionalProducer, _ consumer: KafkaConsumer, _ every: TransactionInterval,
        _ ledger: TransactionLedger,
        seed: UInt64
    ) async throws {
        let random = Lock(SeededRandom(seed))
        func chance(_ one: Int) -> Bool { random.withLock { Int.random(in: 0..<one, using: &$0) == 0 } }
        while true {
            do {
                try await producer.process(consumer, every: every) { batch, transaction in
                    for record in batch {
                        try await transaction.enqueue(
                            ProducerRecord(topic: "out", partition: record.partition, value: record.value))
                    }
                    if chance(20) { throw Refusal() }
                    if chance(30) { try await Task.sleep(for: .milliseconds(900)) }
                    if chance(20) { try? consumer.pause([batch.topicPartition]) }
                    if chance(5) { try? consumer.resume(consumer.assignment) }
                }
                return
            } catch is Refusal {} catch let error as KafkaError
                where !error.isFatal && error.code != .closed && error.code != .cancelled
            {
                if !error.isRetriable && error.code != .transactionAborted && error.code != .commitFailed {
                    throw error
                }
            }
        }
    }

    private func copyByHand(
        _ producer: KafkaTransactionalProducer, _ consumer: KafkaConsumer, _ ledger: TransactionLedger, inside: Bool
    ) async throws {
        while true {
            let outside = inside ? [] : try await consumer.poll(timeout: .milliseconds(200))
            do {
                try await producer.withTransaction(retrying: 5) { transaction in
                    let records = inside ? try await consumer.poll(timeout: .milliseconds(200)) : outside
                    var offsets: [TopicPartition: OffsetAndMetadata] = [:]
                    for record in records {
                        try await transaction.enqueue(
                            ProducerRecord(topic: "out", partition: record.partition, value: record.value))
                        offsets[record.topicPartition] = OffsetAndMetadata(offset: record.offset + 1)
                    }
                    try await transaction.commit(offsets, of: consumer)
                }
            } catch let error as KafkaError where error.code == .transactionAborted || error.code == .commitFailed {
            }
        }
    }
}
