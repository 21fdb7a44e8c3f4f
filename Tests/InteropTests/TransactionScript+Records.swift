// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport

/// What partitions decide: records, markers, and what readers receive.
extension TransactionScript {
    func produce() async throws {
        self.begin("produce")
        var rig = try await self.producer()
        if self.version < 2 {
            for version in [3, 8, 10, 11] as [Int16] {
                self.note("without adding \(version)", try await rig.produce("a", version: version))
            }
            self.note("add", try await rig.add(0))
            self.note("other partition", try await rig.produce("a", partition: 1))
        }
        rig = try await self.producer()
        if self.version < 2 { self.note("add", try await rig.add(0)) }
        self.note("first sequence number 3", try await rig.produce("a", sequence: 3))
        try await self.settle("it", rig)
        try await self.end("end", isCommit: false, rig)

        rig = try await self.producer()
        try await self.write("a", by: rig)
        self.note("repeated", try await rig.produce("a"))
        self.note("gap", try await rig.produce("b", sequence: 2))
        self.note("outside of the transaction", try await rig.produce("b", sequence: 1, isTransactional: false))
        self.note(
            "outside of the transaction without ID",
            try await rig.produce("b", sequence: 1, isTransactional: false, hasID: false))
        self.note("without ID", try await rig.produce("b", sequence: 1, hasID: false))
        self.note("next", try await rig.produce("c", sequence: 1))
        try await self.end("end", isCommit: true, rig)
        self.note(
            "after the end outside of a transaction",
            try await rig.produce("d", sequence: self.version < 2 ? 2 : 0, isTransactional: false, hasID: false))
        try await self.write("e", sequence: self.version < 2 ? 3 : 1, by: rig)
        try await self.end("second end", isCommit: true, rig)
        let foreign = rig.copy()
        foreign.id = unique("nobody")
        self.note("with an unknown ID", try await foreign.produce("f", partition: 1))
        let read = try await self.client.read(rig.topic, isCommitted: true)
        self.note("read", read)
        self.note(
            "late",
            try await rig.copy(epoch: self.version < 2 ? 0 : -1).produce("e", sequence: self.version < 2 ? 3 : 1))
    }

    /// An administrator removes records of an open transaction.
    func deleteRecords() async throws {
        self.begin("delete records")
        let rig = try await self.producer()
        for index in 0..<3 as Range<Int32> {
            if index == 0 {
                try await self.write("a", by: rig)
            } else {
                self.note("more", try await rig.produce("b\(index)", sequence: index))
            }
        }
        var part = DeleteRecordsRequest.DeleteRecordsPartition()
        part.offset = 2
        var topic = DeleteRecordsRequest.DeleteRecordsTopic()
        topic.name = rig.topic
        topic.partitions = [part]
        var request = DeleteRecordsRequest()
        request.topics = [topic]
        request.timeoutMs = 10_000
        let deleted = try await self.client.ask(request, version: 2).topics[0].partitions[0]
        self.note("deleted", "\(deleted.errorCode) \(deleted.lowWatermark)")
        self.note("read", try await self.client.read(rig.topic, isCommitted: true, from: 2))
        try await self.end("abort", isCommit: false, rig)
        self.note("read after", try await self.client.read(rig.topic, isCommitted: true, from: 2))
        part.offset = -1
        topic.partitions = [part]
        request.topics = [topic]
        self.note("all", try await self.client.ask(request, version: 2).topics[0].partitions[0].lowWatermark)
        self.note("read nothing", try await self.client.read(rig.topic, isCommitted: true, from: 4))
        try await self.write("c", sequence: self.version < 2 ? 3 : 0, by: rig)
        self.note("read open", try await self.client.read(rig.topic, isCommitted: true, from: 4))
        try await self.end("commit", isCommit: true, rig)
    }

    func deleteTopic() async throws {
        self.begin("delete topic")
        let rig = try await self.producer()
        try await self.write("a", by: rig)
        try await self.cluster.deleteTopic(rig.topic)
        try await self.end("commit", isCommit: true, rig)
    }

    func writeMarkers() async throws {
        self.begin("markers")
        let rig = try await self.producer()
        try await self.write("a", by: rig)
        self.note("unknown partition", try await rig.abortByMarker(in: 0, 9))
        self.note("same epoch", try await self.client.read(rig.topic, isCommitted: true))
        self.note("nothing open", try await rig.abortByMarker(in: 0, 1))
        self.note("later coordinator", try await rig.abortByMarker(in: 0, coordinatorEpoch: 3))
        self.note("earlier coordinator", try await rig.abortByMarker(in: 0, coordinatorEpoch: 2))
        self.note("earlier epoch", try await rig.copy(epoch: -1).abortByMarker(in: 0, coordinatorEpoch: 3))
        try await self.noteProducers("markers", rig)

        let second = try await self.producer()
        try await self.write("a", by: second)
        for version in [1, 2] as [Int8] {
            for change in [-1, 0, 1, 1, 0] as [Int16] {
                self.note(
                    "version 2, transactions \(version), epoch \(change)",
                    try await second.copy(epoch: change).abortByMarker(in: 0, version: 2, transactionVersion: version))
                try await self.noteProducers("it", second)
                if change == 0 { self.note("produce", try await second.produce("b", sequence: 1)) }
            }
        }
    }

    func writeMarkersOfVersion2() async throws {
        self.begin("markers of version 2")
        let rig = try await self.producer()
        try await self.write("a", by: rig)
        for change in [0, -1, 1, 1, 0] as [Int16] {
            self.note(
                "epoch \(change)",
                try await rig.copy(epoch: change).abortByMarker(in: 0, version: 2, transactionVersion: 2))
            try await self.noteProducers("it", rig)
        }
    }

    func describe() async throws {
        self.begin("describe")
        let rig = try await self.producer()
        try await self.settle("initialization", rig)
        try await self.noteProducers("initialization", rig)
        func list(_ step: String, _ change: (inout ListTransactionsRequest) -> Void) async throws {
            var request = ListTransactionsRequest()
            request.producerIdFilters = [rig.producer.id]
            change(&request)
            let response = try await self.client.ask(request, version: 2)
            self.note(
                "list \(step)",
                """
                \(response.errorCode) \(response.unknownStateFilters) \
                \(response.transactionStates.map(\.transactionState))
                """)
        }
        func listAll(_ step: String) async throws {
            try await list(step) { _ in }
            try await list("\(step), unknown state") { $0.stateFilters = ["Odd", "Ongoing"] }
            try await list("\(step), no age") { $0.durationFilter = -1 }
            try await list("\(step), old") { $0.durationFilter = 1_000_000 }
            try await list("\(step), ID") { $0.transactionalIdPattern = "\(rig.id.prefix(3)).*" }
            try await list("\(step), part of the ID") { $0.transactionalIdPattern = "\(rig.id.prefix(3))" }
            try await list("\(step), no pattern") { $0.transactionalIdPattern = "" }
            try await list("\(step), broken pattern") { $0.transactionalIdPattern = "(" }
        }
        try await listAll("Empty")
        try await self.write("a", by: rig)
        try await self.settle("a record", rig)
        try await self.noteProducers("a record", rig)
        try await listAll("Ongoing")
        try await self.end("commit", isCommit: true, rig)
        try await self.noteProducers("the end", rig)
        try await listAll("CompleteCommit")
        self.note("initialize", try await rig.initialize(timeout: 5000))
        try await self.settle("another initialization", rig)
    }

    /// What readers are told of transactions that overlap.
    func read() async throws {
        self.begin("read")
        let first = try await self.producer()
        let second = try await self.producer()
        second.topic = first.topic
        func offsets(_ step: String) async throws {
            for isolation in [0, 1] as [Int8] {
                var offsets: [Int64] = []
                for timestamp in [-1, -2, -3, 0, self.timestamp + 1] as [Int64] {
                    offsets.append(
                        try await self.offset(of: first.topic, 0, timestamp: timestamp, isolation: isolation))
                }
                self.note("offsets \(step), isolation \(isolation)", offsets)
            }
        }
        try await self.write("a", by: first)
        try await self.write("b", by: second)
        try await offsets("of two open transactions")
        try await self.end("abort", isCommit: false, second)
        self.note("first is open", try await self.client.read(first.topic, isCommitted: true))
        try await offsets("of an open transaction")
        self.note("more", try await first.produce("c", sequence: 1))
        try await self.end("abort", isCommit: false, first)
        for offset in 0...5 as ClosedRange<Int64> {
            self.note("from \(offset)", try await self.client.read(first.topic, isCommitted: true, from: offset))
        }
        try await offsets("of nothing")
    }

    func noteProducers(_ step: String, _ rig: TransactionRig) async throws {
        var topic = DescribeProducersRequest.TopicRequest()
        topic.name = rig.topic
        topic.partitionIndexes = [0]
        var request = DescribeProducersRequest()
        request.topics = [topic]
        let producers = try await self.client.ask(request, version: 0).topics[0].partitions[0].activeProducers.map {
            """
            epoch \($0.producerEpoch), sequence \($0.lastSequence), coordinator \($0.coordinatorEpoch), \
            begun \($0.currentTxnStartOffset), time \($0.lastTimestamp == self.timestamp ? "of the record" : "now")
            """
        }
        self.note("producers after \(step)", producers)
    }
}
