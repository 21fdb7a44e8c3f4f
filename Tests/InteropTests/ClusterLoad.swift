// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport

/// A topic with three replicas that is steadily written and read while a body runs.
///
/// One task writes to all partitions in turn, at most a thousand records a second; a consumer reads at the same time.
struct ClusterLoad: Sendable {
    static let partitions = 6

    let ledger: RecordLedger
    var topic: String { self.ledger.topic }

    /// Waits until every partition has acknowledged a record that was enqueued after this call.
    func progress(_ when: String) async throws {
        let numbers = self.ledger.enqueued
        let start = ContinuousClock.now
        try await eventually("records of all partitions are acknowledged \(when)", within: .seconds(90)) {
            self.ledger.isAcknowledged(past: numbers)
        }
        say("  records of all partitions are acknowledged \(when) after \(ContinuousClock.now - start)")
    }

    /// The results of a load.
    struct Result: Sendable {
        let ledger: RecordLedger
        /// All records read by the consumer, in order.
        let read: [RecordLedger.Stored]
        /// The longest time between two records of a partition in which the consumer read nothing from it.
        let longestStall: Duration
    }

    /// Runs the load during `body`, which begins when records of all partitions have been acknowledged. At the end
    /// everything enqueued has a result, and the whole log has been read.
    static func run<Value>(
        on cluster: RealCluster,
        producer configure: @escaping @Sendable (inout ProducerConfiguration) -> Void = { _ in },
        during body: (ClusterLoad) async throws -> Value
    ) async throws -> (Result, Value) {
        let clients = TestCluster.real(cluster)
        let topic = try await clients.createTopic("load", partitions: Self.partitions)
        let load = ClusterLoad(ledger: RecordLedger(topic: topic, partitions: Self.partitions))
        let isWriting = Lock(true)
        let isReading = Lock(true)
        let stall = Lock(Duration.zero)
        return try await withThrowingTaskGroup(of: [RecordLedger.Stored].self) { group in
            group.addTask {
                try await clients.withProducer(configure) { producer in
                    try await load.write(to: producer) { isWriting.withLock { $0 } }
                }
                return []
            }
            group.addTask {
                try await load.readAlong(clients, stall) { isReading.withLock { $0 } }
            }
            try await load.progress("before the fault")
            let value = try await body(load)
            isWriting.withLock { $0 = false }
            // The writer ends first, since the reader still waits for the last records.
            var read = try await group.next() ?? []
            isReading.withLock { $0 = false }
            for try await more in group { read += more }
            return (
                Result(ledger: load.ledger, read: read, longestStall: stall.withLock { $0 }), value
            )
        }
    }

    private func write(to producer: KafkaProducer, while isWriting: () -> Bool) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let ways = (0..<Self.partitions).map { partition in
                let (deliveries, way) = AsyncStream<(Int, Delivery)>.makeStream()
                group.addTask {
                    for await (number, delivery) in deliveries {
                        do throws(KafkaError) {
                            let stored = try await delivery.metadata
                            self.ledger.note(.acknowledged(stored.offset), of: number, partition: partition)
                        } catch {
                            self.ledger.note(RecordLedger.Ending(error), of: number, partition: partition)
                        }
                    }
                }
                return way
            }
            while isWriting() {
                for (partition, way) in ways.enumerated() {
                    let (number, record) = self.ledger.next(of: partition)
                    do throws(KafkaError) {
                        way.yield((number, try await producer.enqueue(record)))
                    } catch {
                        self.ledger.note(RecordLedger.Ending(error), of: number, partition: partition)
                    }
                }
                // The pace of the load.
                try await Task.sleep(for: .milliseconds(6))
            }
            for way in ways { way.finish() }
            try await group.waitForAll()
        }
    }

    /// Reads all partitions from their beginnings and, once writing has ended, up to their ends.
    private func readAlong(
        _ clients: TestCluster, _ stall: Lock<Duration>, while isReading: () -> Bool
    ) async throws -> [RecordLedger.Stored] {
        let partitions = (0..<Self.partitions).map { TopicPartition(self.topic, Int32($0)) }
        return try await KafkaConsumer.withConsumer(clients.consumer(), assigned: partitions) { consumer in
            var read: [RecordLedger.Stored] = []
            var last: [Int: ContinuousClock.Instant] = [:]
            while isReading() {
                let records = try await consumer.poll(timeout: .milliseconds(100)).map { RecordLedger.Stored($0) }
                read += records
                let now = ContinuousClock.now
                for partition in Set(records.map(\.partition)) {
                    if let before = last.updateValue(now, forKey: partition) {
                        stall.withLock { $0 = max($0, now - before) }
                    }
                }
            }
            let ends = try await consumer.endOffsets(of: partitions)
            for partition in partitions {
                while try await consumer.position(of: partition) < ends[partition, default: 0] {
                    read += try await consumer.poll(timeout: .milliseconds(100)).map { RecordLedger.Stored($0) }
                }
            }
            return read
        }
    }
}
