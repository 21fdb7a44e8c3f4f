// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation
import KafkaProtocol
import KafkaTestSupport

/// The requests of transactional producers in many states, and what a cluster answers: one line each, which are to be the
/// same on every cluster. The parts of the script are in extensions.
final class TransactionScript {
    let cluster: TestCluster
    let client: RawClient
    /// The version of transactions that the producers use.
    let version: Int
    private(set) var lines: [String] = []
    /// The group for which late producers want to commit offsets.
    var group = "group"
    /// The time of all records, which isn't far from that of the markers: else Kafka would begin a segment for each.
    let timestamp = Int64(Date().timeIntervalSince1970 * 1000)
    private var part = ""

    private init(cluster: TestCluster, client: RawClient, version: Int) {
        self.cluster = cluster
        self.client = client
        self.version = version
    }

    /// Runs the script on a cluster with one broker.
    static func run(on cluster: TestCluster, version: Int) async throws -> [String] {
        let client = try await RawClient.connect(to: cluster.bootstrapServers[0])
        defer { client.close() }
        let script = TransactionScript(cluster: cluster, client: client, version: version)
        try await script.runAll()
        return script.lines
    }

    /// Runs the part of the script about transactions that can't end, on a cluster with two brokers.
    ///
    /// - Parameters:
    ///   - hold: Makes the second broker stop answering.
    ///   - release: Makes it answer again.
    static func runWhileHeld(
        on cluster: TestCluster, version: Int, hold: () async throws -> Void, release: () async throws -> Void
    ) async throws -> [String] {
        let client = try await RawClient.connect(to: cluster.bootstrapServers[0])
        defer { client.close() }
        let script = TransactionScript(cluster: cluster, client: client, version: version)
        for isCommit in [true, false] { try await script.end(isCommit: isCommit, hold: hold, release: release) }
        return script.lines
    }

    private func runAll() async throws {
        _ = try await self.group()
        try await self.initialize()
        try await self.endNothing()
        for isCommit in [true, false] { try await self.repeatEnds(isCommit: isCommit) }
        try await self.addPartitions()
        try await self.produce()
        try await self.fence()
        try await self.timeOut()
        try await self.commitOffsets()
        try await self.commitOffsetsAsMember()
        for change in OffsetChange.allCases { try await self.changeOffsets(change) }
        try await self.deleteTopic()
        try await self.deleteRecords()
        try await self.writeMarkers()
        try await self.writeMarkersOfVersion2()
        try await self.describe()
        try await self.read()
    }

    // MARK: Steps

    private struct RefusedProducer: Error {
        let code: ErrorCode
    }

    func begin(_ part: String) {
        self.part = part
    }

    func note(_ step: String, _ answer: some Any) {
        self.lines.append("\(self.part), \(step): \(answer)")
    }

    /// Returns a producer with a transactional ID and a topic of its own.
    func producer(timeout: Int32 = 60_000) async throws -> TransactionRig {
        let topic = try await self.cluster.createTopic("t", partitions: 2)
        return try await self.producer(unique("x"), topic: topic, timeout: timeout)
    }

    func producer(_ id: String, topic: String, timeout: Int32 = 60_000) async throws -> TransactionRig {
        let rig = TransactionRig(
            client: self.client, id: id, version: self.version, topic: topic, timestamp: self.timestamp)
        for partition in 0..<2 as Range<Int32> {
            try await eventually("the leader is ready") {
                try await self.offset(of: rig.topic, partition, timestamp: -1, isolation: 0) == 0
            }
        }
        // The first question makes Kafka create the topic of the coordinators.
        var question = FindCoordinatorRequest()
        question.keyType = 1
        question.coordinatorKeys = [rig.id]
        try await eventually("the coordinator is ready") {
            guard try await self.client.ask(question, version: 4).coordinators[0].errorCode == .none else {
                return false
            }
            let code = try await rig.initialize(timeout: timeout)
            guard code == .none else {
                let isEarly = [ErrorCode.notCoordinator, .coordinatorNotAvailable, .coordinatorLoadInProgress]
                    .contains(code)
                if !isEarly { throw RefusedProducer(code: code) }
                return false
            }
            return true
        }
        // So that there is an earlier epoch.
        self.note("another instance", try await rig.initialize(timeout: timeout))
        return rig
    }

    /// Returns an offset by its timestamp, or the negative error code.
    func offset(of name: String, _ partition: Int32, timestamp: Int64, isolation: Int8) async throws -> Int64 {
        var part = ListOffsetsRequest.ListOffsetsPartition()
        part.partitionIndex = partition
        part.timestamp = timestamp
        var topic = ListOffsetsRequest.ListOffsetsTopic()
        topic.name = name
        topic.partitions = [part]
        var request = ListOffsetsRequest()
        request.replicaId = -1
        request.isolationLevel = isolation
        request.topics = [topic]
        let answer = try await self.client.ask(request, version: 7).topics[0].partitions[0]
        return answer.errorCode == .none ? answer.offset : -Int64(answer.errorCode.rawValue)
    }

    /// Lets a producer begin a transaction with a record, of which `sequence` is the number.
    func write(_ value: String, sequence: Int32 = 0, by rig: TransactionRig) async throws {
        if self.version < 2 { self.note("add", try await rig.add(0)) }
        self.note("produce \(value)", try await rig.produce(value, sequence: sequence))
    }

    /// Waits until the markers have been written, and notes the state.
    func settle(_ step: String, _ rig: TransactionRig) async throws {
        var state = try await rig.described()
        try await eventually("the transaction has ended", every: .milliseconds(5)) {
            state = try await rig.described()
            return !state.transactionState.hasPrefix("Prepare")
        }
        let places = state.topics.flatMap { topic in
            // The partitions of groups' offsets depend on the number of them.
            topic.topic == rig.topic ? topic.partitions.sorted().map { "t-\($0)" } : ["offsets"]
        }
        .sorted()
        self.note(
            "state after \(step)",
            """
            \(state.errorCode) \(state.transactionState) \(state.producerId == rig.producer.id ? "same" : "other") \
            producer, epoch \(state.producerEpoch), \(places), started \(state.transactionStartTimeMs >= 0), \
            \(state.transactionTimeoutMs) ms
            """)
    }

    /// Notes what a producer hears that is late, fenced or of the future. It must not be able to change anything.
    func askEverything(_ step: String, _ rig: TransactionRig, offsets: Bool = true) async throws {
        let versions: [Int16] = self.version < 2 ? [9, 10, 11] : [12]
        for version in versions {
            self.note(
                "\(step): produce \(version)", try await rig.copy().produce("late", sequence: 1, version: version))
        }
        for version in 0...3 as ClosedRange<Int16> {
            self.note("\(step): add \(version)", try await rig.copy().add(0, version: version))
        }
        for version in 0...4 as ClosedRange<Int16> {
            self.note(
                "\(step): add offsets \(version)", try await rig.copy().addOffsets(of: self.group, version: version))
        }
        for version in self.version < 2 ? [0, 3, 4] : [5] as [Int16] where offsets {
            self.note(
                "\(step): commit offsets \(version)", try await rig.copy().commit(1, of: self.group, version: version))
        }
        for isCommit in [true, false] {
            for version in self.version < 2 ? [0, 1, 2, 3, 4] : [5] as [Int16] {
                let late = rig.copy()
                let code = try await late.end(isCommit: isCommit, version: version)
                self.note(
                    "\(step): \(isCommit ? "commit" : "abort") \(version)",
                    "\(code), epoch changed by \(late.producer.epoch - rig.producer.epoch)")
            }
        }
    }

    /// Notes a producer's end of its transaction.
    func end(_ step: String, isCommit: Bool, _ rig: TransactionRig) async throws {
        let before = rig.producer
        let code = try await rig.end(isCommit: isCommit)
        self.note(
            step,
            "\(code), \(before.id == rig.producer.id ? "same" : "new") producer, epoch \(rig.producer.epoch)")
        try await self.settle(step, rig)
    }
}
