// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

extension EmbeddedKafka {
    /// A record in a partition's log.
    public struct Record: Hashable, Sendable {
        /// The name of the topic.
        public var topic: String
        /// The number of the partition.
        public var partition: Int
        /// The offset in the partition.
        public var offset: Int64
        /// The timestamp in milliseconds since 1970: the producer's, or the time of appending if the topic has that
        /// (`message.timestamp.type`).
        public var timestamp: Int64
        /// The key, or nil if there is none.
        public var key: Bytes?
        /// The value, or nil if there is none.
        public var value: Bytes?
        /// The headers in the producer's order.
        public var headers: [RecordHeader]
    }

    /// Returns the records that a topic has now, by partition and offset, also those of open and aborted transactions.
    ///
    /// ```swift
    /// let values = try await kafka.records(of: "orders").map { String(decoding: $0.value ?? [], as: UTF8.self) }
    /// ```
    ///
    /// - Parameters:
    ///   - topic: The name of the topic.
    ///   - partition: The number of the partition, or nil for all. Default: nil.
    /// - Throws: ``EmbeddedKafkaError`` with the code `.unknownTopicOrPartition` if the topic or partition doesn't exist, and
    ///   without a code if a batch can't be decompressed, because this build lacks its codec, or if the cluster has been
    ///   stopped.
    public func records(of topic: String, partition: Int? = nil) async throws(EmbeddedKafkaError) -> [Record] {
        try await self.onLoop { cluster throws(EmbeddedKafkaError) in
            guard cluster.topic(topic) != nil else { throw EmbeddedKafkaError.unknown(topic: topic) }
            let partitions = cluster.partitions(of: topic, partition)
            if let partition, partitions.isEmpty {
                throw EmbeddedKafkaError(
                    "Topic '\(topic)' has no partition \(partition).", code: .unknownTopicOrPartition)
            }
            return try cluster.records(in: partitions)
        }
    }

    /// Waits until a topic has at least `count` records, and returns all that it has, by partition and offset.
    ///
    /// The topic may be created later. The wait ends with the append that makes the records enough, without polling.
    ///
    /// ```swift
    /// try await service.handle(order)
    /// let records = try await kafka.waitForRecords(1, in: "orders")
    /// ```
    ///
    /// - Parameters:
    ///   - count: The number of records to wait for. Records that were deleted or compacted away don't count.
    ///   - topic: The name of the topic.
    ///   - partition: The number of the partition whose records count, or nil for all. Default: nil.
    ///   - timeout: The time after which the wait fails. Default: 10 s.
    /// - Throws: ``EmbeddedKafkaError`` after the timeout, with the number of records that there were; if the task is
    ///   cancelled; and if the cluster has been stopped.
    @discardableResult
    public func waitForRecords(
        _ count: Int, in topic: String, partition: Int? = nil, timeout: Duration = .seconds(10)
    ) async throws(EmbeddedKafkaError) -> [Record] {
        let result: Result<[Record], EmbeddedKafkaError> = try await self.wait(timeout: timeout) { cluster in
            let partitions = cluster.partitions(of: topic, partition)
            guard partitions.reduce(0, { $0 + $1.log.recordCount }) >= count,
                count > 0 || cluster.topic(topic) != nil
            else { return nil }
            return Result { () throws(EmbeddedKafkaError) in try cluster.records(in: partitions) }
        } otherwise: { cluster in
            let place = partition.map { "partition \($0) of topic '\(topic)'" } ?? "topic '\(topic)'"
            guard cluster.topic(topic) != nil else { return "there is no topic '\(topic)', so it has no records" }
            let found = cluster.partitions(of: topic, partition).reduce(0) { $0 + $1.log.recordCount }
            return "\(place) has \(found) of \(count) records"
        }
        return try result.get()
    }

    /// Waits until a group is stable: all its members have their partitions, and no rebalance is under way.
    ///
    /// - Parameters:
    ///   - id: The group's ID. The group need not exist yet.
    ///   - members: The number of members that the group must have, or nil for any but 0. Default: nil.
    ///   - timeout: The time after which the wait fails. Default: 10 s.
    /// - Returns: The group.
    /// - Throws: ``EmbeddedKafkaError`` after the timeout, with the state of the group; if the task is cancelled; and if the
    ///   cluster has been stopped.
    @discardableResult
    public func waitForStableGroup(
        _ id: String, members: Int? = nil, timeout: Duration = .seconds(10)
    ) async throws(EmbeddedKafkaError) -> Group {
        try await self.wait(timeout: timeout) { cluster in
            guard let group = cluster.groups[id], group.isStable, members.map({ $0 == group.memberCount }) ?? true
            else { return nil }
            return Group(group)
        } otherwise: { cluster in
            guard let group = cluster.groups[id] else { return "there is no group '\(id)'" }
            let wanted = members.map { " of \($0)" } ?? ""
            return "group '\(id)' is \(group.stateName) with \(group.memberCount)\(wanted) members"
        }
    }
}

extension EmbeddedCluster {
    /// Returns a topic's partitions, or one of them. Those that don't exist are left out.
    fileprivate func partitions(of topic: String, _ index: Int?) -> [Partition] {
        guard let index else { return self.topic(topic)?.partitions ?? [] }
        return [Int32(exactly: index).flatMap { self.topic(topic)?.partition($0) }].compactMap(\.self)
    }

    fileprivate func records(in partitions: [Partition]) throws(EmbeddedKafkaError) -> [EmbeddedKafka.Record] {
        var all: [EmbeddedKafka.Record] = []
        for partition in partitions {
            do throws(RecordBatchError) {
                try partition.log.forEachRecord { view, records in
                    all.append(
                        EmbeddedKafka.Record(
                            topic: partition.topicName, partition: Int(partition.index), offset: view.offset,
                            timestamp: view.timestamp, key: records.key(of: view), value: records.value(of: view),
                            headers: records.headers(of: view)))
                }
            } catch {
                throw EmbeddedKafkaError(
                    "The records of \(partition.topicName)-\(partition.index) can't be read: \(error)")
            }
        }
        return all
    }
}

extension EmbeddedKafka.Group {
    init(_ group: ConsumerGroup) {
        switch group.kind {
        case .classic: self.init(group.classic)
        case .consumer: self.init(group.epochs)
        }
    }

    private init(_ classic: ClassicGroup) {
        self.init(
            kind: .classic, state: classic.state.rawValue, generation: Int(classic.generation),
            assignor: classic.protocolName,
            members: classic.members.map {
                Member(id: $0.id, instanceID: $0.instanceID, clientID: $0.clientID)
            })
    }

    private init(_ group: EpochGroup) {
        self.init(
            kind: .consumer, state: group.state.rawValue, generation: Int(group.epoch),
            assignor: group.members.isEmpty ? nil : group.assignor.rawValue,
            members: group.membersInOrder.map {
                Member(id: $0.id, instanceID: $0.instanceID, clientID: $0.clientID, epoch: Int($0.epoch))
            })
    }
}
