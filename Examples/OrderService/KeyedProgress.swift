// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import Synchronization

// snippet: keyed-progress
/// Processes records in parallel, but those with one key in their order, and commits an offset when all before it is done.
final class KeyedProgress: ConsumerRebalanceListener {
    private let limit: Int
    private let commitInterval: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: The maximum number of records that are in work, or done and not yet ready to be committed.
    ///   - commitInterval: The minimum time between two commits.
    init(limit: Int = 1000, commitInterval: Duration = .seconds(1)) {
        self.limit = limit
        self.commitInterval = commitInterval
    }

    /// Processes records until the consumer is shut down. Records with one key go to the same of the `lanes`.
    func process(
        _ consumer: KafkaConsumer, lanes count: Int = 16,
        _ body: @escaping @Sendable (ConsumerRecord) async throws -> Void
    ) async throws {
        let lanes = (0..<count).map { _ in AsyncStream<Work>.makeStream() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in lanes {
                group.addTask { for await work in lane.stream { try await self.perform(work, body) } }
            }
            group.addTask { try await self.commitRegularly(consumer) }
            group.addTask {
                defer { for lane in lanes { lane.continuation.finish() } }
                for try await record in consumer.records {
                    let work = try await self.take(record)
                    lanes[Self.lane(of: record.key, count)].continuation.yield(work)
                }
            }
            // The first error ends everything. Otherwise the reader and the lanes end, and then the commits.
            for _ in 0...count { try await group.next() }
            group.cancelAll()
        }
    }

    static func lane(of key: Bytes?, _ count: Int) -> Int {
        let hash = key?.hashValue ?? Int.random(in: 0..<count)
        return Int(UInt(bitPattern: hash) % UInt(count))
    }

    private func take(_ record: ConsumerRecord) async throws -> Work {
        try await self.wait { state in state.size < self.limit ? state.take(record) : nil }
    }

    private func perform(_ work: Work, _ body: (ConsumerRecord) async throws -> Void) async throws {
        guard self.change({ $0.begin(work) }) else { return }
        do {
            try await body(work.record)
        } catch {
            self.change { $0.end(work, isDone: false) }
            throw error
        }
        self.change { $0.end(work, isDone: true) }
    }

    // MARK: Commits

    private func commitRegularly(_ consumer: KafkaConsumer) async throws {
        while true {
            try await self.wait { $0.uncommitted.isEmpty ? nil : true }
            try await self.commit(consumer)
            try await Task.sleep(for: self.commitInterval)
        }
    }

    /// Commits what is done without a gap before it, after a commit that is under way.
    private func commit(_ consumer: KafkaConsumer) async throws {
        let offsets = try await self.wait { $0.isCommitting ? nil : $0.beginCommit() }
        defer { self.change { $0.isCommitting = false } }
        guard !offsets.isEmpty else { return }
        do throws(KafkaError) {
            try await consumer.commit(offsets)
            self.change { $0.committed(offsets) }
        } catch {
            // It may succeed the next time. If another member has the partitions, it reads the records again.
            guard error.isRetriable || error.code == .commitFailed else { throw error }
        }
    }

    // MARK: Rebalances

    /// Begins nothing more of these partitions, waits for what is in work, and commits.
    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        defer { self.change { $0.forget(partitions) } }
        self.change { $0.give(up: partitions) }
        try await self.wait { $0.isWorking(on: partitions) ? nil : true }
        try await self.commit(consumer)
    }

    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async throws {
        self.change { $0.forget(partitions) }
    }

    // MARK: Waiting

    /// Changes the state, and wakes those who wait for a change.
    @discardableResult
    private func change<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
        let (result, waiters) = self.state.withLock { state in
            defer { state.waiters = [] }
            return (change(&state), state.waiters)
        }
        for waiter in waiters { waiter.finish() }
        return result
    }

    /// Waits until `value` returns something. It is asked again after each change.
    @discardableResult
    private func wait<Value: Sendable>(for value: (inout State) -> Value?) async throws -> Value {
        while true {
            try Task.checkCancellation()
            let (changes, waiter) = AsyncStream<Never>.makeStream()
            let found = self.state.withLock { state in
                let found = value(&state)
                if found == nil { state.waiters.append(waiter) }
                return found
            }
            if let found { return found }
            for await _ in changes {}
        }
    }
}
// snippet end

// snippet: keyed-progress-state
extension KeyedProgress {
    /// A record in a lane.
    private struct Work: Sendable {
        let record: ConsumerRecord
        let tenure: Int
        let place: Int
    }

    /// The time in which this consumer has a partition, and its records from the first one that isn't done.
    private struct Tenure: Sendable {
        let number: Int
        var window: [(next: OffsetAndMetadata, isDone: Bool)] = []
        /// The number of records before the window.
        var passed = 0
        var running = 0
        var isEnding = false
        /// The offset before which all is done.
        var done: OffsetAndMetadata?
        var committed: OffsetAndMetadata?

        mutating func add(_ record: ConsumerRecord) -> Work {
            self.window.append((OffsetAndMetadata(offset: record.offset + 1, leaderEpoch: record.leaderEpoch), false))
            return Work(record: record, tenure: self.number, place: self.passed + self.window.count - 1)
        }

        mutating func finish(_ work: Work) {
            self.window[work.place - self.passed].isDone = true
            let count = self.window.prefix { $0.isDone }.count
            guard count > 0 else { return }
            self.done = self.window[count - 1].next
            self.window.removeFirst(count)
            self.passed += count
        }
    }

    private struct State: Sendable {
        private var tenures: [TopicPartition: Tenure] = [:]
        private var taken = 0
        /// The number of records in the lanes, including those of partitions that were given up.
        private var inLanes = 0
        var isCommitting = false
        var waiters: [AsyncStream<Never>.Continuation] = []

        var size: Int { max(self.inLanes, self.tenures.values.reduce(0) { $0 + $1.window.count }) }

        var uncommitted: [TopicPartition: OffsetAndMetadata] {
            self.tenures.compactMapValues { $0.done == $0.committed ? nil : $0.done }
        }

        mutating func take(_ record: ConsumerRecord) -> Work {
            self.taken += 1
            self.inLanes += 1
            return self.tenures[record.topicPartition, default: Tenure(number: self.taken)].add(record)
        }

        /// Returns false if the partition was given up while the record waited in its lane.
        mutating func begin(_ work: Work) -> Bool {
            let partition = work.record.topicPartition
            guard let tenure = self.tenures[partition], tenure.number == work.tenure, !tenure.isEnding else {
                self.inLanes -= 1
                return false
            }
            self.tenures[partition]?.running += 1
            return true
        }

        mutating func end(_ work: Work, isDone: Bool) {
            self.inLanes -= 1
            let partition = work.record.topicPartition
            // What is done after the partition was lost doesn't count: it may have been assigned again since.
            guard self.tenures[partition]?.number == work.tenure else { return }
            self.tenures[partition]?.running -= 1
            if isDone { self.tenures[partition]?.finish(work) }
        }

        mutating func beginCommit() -> [TopicPartition: OffsetAndMetadata] {
            self.isCommitting = true
            return self.uncommitted
        }

        mutating func committed(_ offsets: [TopicPartition: OffsetAndMetadata]) {
            for (partition, offset) in offsets { self.tenures[partition]?.committed = offset }
        }

        mutating func give(up partitions: [TopicPartition]) {
            for partition in partitions { self.tenures[partition]?.isEnding = true }
        }

        func isWorking(on partitions: [TopicPartition]) -> Bool {
            partitions.contains { self.tenures[$0]?.running ?? 0 > 0 }
        }

        mutating func forget(_ partitions: [TopicPartition]) {
            for partition in partitions { self.tenures[partition] = nil }
        }
    }
}
// snippet end
