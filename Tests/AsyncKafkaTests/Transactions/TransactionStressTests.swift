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

/// Transactions on a cluster that fails at random: each is read whole, or not at all, as its producer was told.
@Suite(.serialized, .timeLimit(.minutes(5))) struct TransactionStressTests {
    private struct Refusal: Error {}

    @Test(arguments: stressSeeds, [0, 2]) func byHand(seed: UInt64, version: Int) async throws {
        var random = SeededRandom(seed)
        let topics = [(name: "a", partitions: 2), (name: "b", partitions: 3)]
        let tight = Bool.random(using: &random)
        let marker: Duration = .milliseconds(Bool.random(using: &random) ? 0 : 30)
        try await EmbeddedKafka.withCluster(.stress(version, markerDelay: marker)) { kafka in
            for topic in topics {
                try await kafka.createTopic(topic.name, partitions: topic.partitions, replicationFactor: 3)
            }
            let ledger = TransactionLedger()
            let ids = (0..<4).map { "id\($0)" }
            let end = ContinuousClock.now + .seconds(stressSeconds)
            let storm = Task {
                var chaos = TransactionChaos(kafka: kafka, ids: ids, topics: topics, random: SeededRandom(seed &* 31))
                try await chaos.rage(every: 5...60)
                return chaos
            }
            let stop = Task {
                try await Task.sleep(for: .seconds(stressSeconds * 0.8))
                storm.cancel()
                try await storm.value.heal()
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in ids {
                    let own = random.next()
                    group.addTask {
                        try await self.live(id, kafka, ledger, topics, tight: tight, until: end, seed: own)
                    }
                }
                try await group.waitForAll()
            }
            storm.cancel()
            try await stop.value
            try await self.check(kafka, ledger, ids, topics)
        }
    }

    /// One transactional id, whose producers die and are replaced.
    private func live(
        _ id: String, _ kafka: EmbeddedKafka, _ ledger: TransactionLedger, _ topics: [(name: String, partitions: Int)],
        tight: Bool,
        until end: ContinuousClock.Instant, seed: UInt64
    ) async throws {
        var random = SeededRandom(seed)
        var life = 0
        let isLast = Lock(false)
        while ContinuousClock.now < end || !isLast.withLock({ $0 }) {
            life += 1
            let over = ContinuousClock.now >= end
            if over { isLast.withLock { $0 = true } }
            let producer = try KafkaTransactionalProducer(
                kafka.producing(isTight: tight), transactionalID: id, transactionTimeout: .seconds(4))
            let run = Task { try await producer.run() }
            let lifespan = Int.random(in: 100..<1500, using: &random)
            let mode = Int.random(in: 0..<4, using: &random)
            let killer = Task {
                try? await Task.sleep(for: .milliseconds(lifespan))
                if over { return }
                switch mode {
                case 0: producer.triggerGracefulShutdown()
                case 1: run.cancel()
                default: break
                }
            }
            let tasks = Int.random(in: 1...2, using: &random)
            let name = "\(id).\(life)"
            let deadline = over ? end + .seconds(1) : ContinuousClock.now + .milliseconds(lifespan + 500)
            await withTaskGroup { group in
                for task in 0..<tasks {
                    let own = random.next()
                    group.addTask {
                        await self.transact(
                            "\(name).\(task)", producer, ledger, topics, until: deadline, seed: own)
                    }
                }
            }
            killer.cancel()
            let begun = ContinuousClock.now
            producer.triggerGracefulShutdown()
            _ = await run.result
            let took = ContinuousClock.now - begun
            if took > .seconds(15) { ledger.complain("closing \(id) took \(took)") }
        }
    }

    private func transact(
        _ name: String, _ producer: KafkaTransactionalProducer, _ ledger: TransactionLedger,
        _ topics: [(name: String, partitions: Int)], until end: ContinuousClock.Instant, seed: UInt64
    ) async {
        var random = SeededRandom(seed)
        var number = 0
        while ContinuousClock.now < end {
            number += 1
            let own = "\(name).\(String(format: "%04d", number))"
            let writers = Int.random(in: 1...3, using: &random)
            let count = Int.random(in: 0...12, using: &random)
            let throwsItself = Int.random(in: 0..<6, using: &random) == 0
            let outlives = Int.random(in: 0..<6, using: &random) == 0
            let retrying = Bool.random(using: &random) ? 3 : 0
            let cancelAfter: Int? =
                Int.random(in: 0..<5, using: &random) == 0 ? Int.random(in: 0..<60, using: &random) : nil
            let places = (0..<writers).map { _ in
                (0..<count).map { _ in
                    let topic = topics[Int.random(in: 0..<topics.count, using: &random)]
                    return TopicPartition(topic.name, Int32(Int.random(in: 0..<topic.partitions, using: &random)))
                }
            }
            let attempts = Lock(0)
            let late = Lock([Task<Void, Never>]())
            let begun = ContinuousClock.now
            let task = Task {
                try await producer.withTransaction(retrying: retrying) { transaction in
                    let attempt = attempts.withLock {
                        $0 += 1; return $0
                    }
                    let transactionName = "\(own).\(attempt)"
                    ledger.note(transactionName, .aborted, size: writers * count)
                    if outlives {
                        let straggler = Task {
                            for index in 0..<50 {
                                do {
                                    try await transaction.enqueue(
                                        ProducerRecord(
                                            topic: "a", partition: 0, value: Bytes("late/\(transactionName)/\(index)")))
                                } catch { return }
                                await Task.yield()
                            }
                        }
                        late.withLock { $0.append(straggler) }
                    }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for writer in 0..<writers {
                            group.addTask {
                                for (index, place) in places[writer].enumerated() {
                                    try await transaction.enqueue(
                                        ProducerRecord(
                                            topic: place.topic, partition: place.partition,
                                            value: Bytes(
                                                "\(transactionName)/\(writer)/\(String(format: "%02d", index))/"
                                                    + String(repeating: "x", count: 100))))
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                    if throwsItself { throw Refusal() }
                }
            }
            if let cancelAfter {
                try? await Task.sleep(for: .milliseconds(cancelAfter))
                task.cancel()
            }
            let result = await task.result
            let took = ContinuousClock.now - begun
            if took > .seconds(Double(1 + retrying) * 14) { ledger.complain("\(own) took \(took): \(result)") }
            let last = "\(own).\(attempts.withLock { $0 })"
            var isOver = false
            switch result {
            case .success:
                ledger.note(last, .committed, size: writers * count)
            case .failure(let error):
                if let error = error as? KafkaError {
                    if error.isOutcomeUnknown { ledger.note(last, .unknown, size: writers * count) }
                    if error.isFatal || error.code == .closed { isOver = true }
                }
            }
            for task in late.withLock({ $0 }) { await task.value }
            if isOver { return }
        }
    }

    private func check(
        _ kafka: EmbeddedKafka, _ ledger: TransactionLedger, _ ids: [String],
        _ topics: [(name: String, partitions: Int)]
    ) async throws {
        for id in ids {
            try await eventually("\(id) has ended", within: .seconds(12)) {
                let state = try await kafka.transaction(id)?.state ?? "Empty"
                return state.hasPrefix("Complete") || state == "Empty"
            }
        }
        let state = ledger.state.withLock { $0 }
        for complaint in state.complaints { Issue.record("\(complaint)") }
        var seen: [String: Int] = [:]
        var all = Set<String>()
        for topic in topics {
            for partition in 0..<topic.partitions {
                var last: [String: String] = [:]
                var lastTransaction: [String: String] = [:]
                for value in try await kafka.committedValues(TopicPartition(topic.name, Int32(partition))) {
                    #expect(all.insert(value).inserted, "twice: \(value)")
                    let parts = value.split(separator: "/").map(String.init)
                    if parts[0] == "late" {
                        if state.fates[parts[1]] == .aborted { Issue.record("late record in an aborted one: \(value)") }
                        continue
                    }
                    seen[parts[0], default: 0] += 1
                    let writer = "\(parts[0])/\(parts[1])"
                    if let before = last[writer] {
                        #expect(before < parts[2], "order: \(writer) \(before) \(parts[2])")
                    }
                    last[writer] = parts[2]
                    let names = parts[0].split(separator: ".").map(String.init)
                    let task = names[0..<3].joined(separator: ".")
                    if let before = lastTransaction[task] {
                        #expect(before <= names[3], "order of transactions: \(parts[0])")
                    }
                    lastTransaction[task] = names[3]
                }
            }
        }
        var counts: [TransactionLedger.Fate: Int] = [:]
        for (name, fate) in state.fates {
            let size = state.sizes[name] ?? 0
            counts[fate, default: 0] += 1
            switch fate {
            case .committed: #expect(seen[name] ?? 0 == size, "committed: \(name) has \(seen[name] ?? 0) of \(size)")
            case .aborted: #expect(seen[name] ?? 0 == 0, "aborted: \(name) has \(seen[name] ?? 0) of \(size)")
            case .unknown:
                #expect([0, size].contains(seen[name] ?? 0), "unknown: \(name) has \(seen[name] ?? 0) of \(size)")
            }
        }
    }
}
