// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport

/// What the coordinator decides: identities, fencing, ends and partitions.
extension TransactionScript {
    func initialize() async throws {
        self.begin("initialize")
        let rig = try await self.producer()
        let first = rig.producer
        self.note("epoch", first.epoch)
        func ask(_ step: String, _ expected: TransactionRig.Producer?, version: Int16 = 5) async throws {
            let code = try await rig.initialize(continuing: expected, version: version)
            self.note(step, "\(code), \(rig.producer.id == first.id ? "same" : "new") producer \(rig.producer.epoch)")
        }
        try await ask("again", nil)
        try await ask("continue", rig.producer)
        try await ask("continue, repeated", .init(id: first.id, epoch: rig.producer.epoch - 1))
        try await ask("continue as an earlier one", .init(id: first.id, epoch: 0))
        try await ask("continue as a later one", .init(id: first.id, epoch: 9))
        try await ask("continue as another", .init(id: first.id + 7, epoch: rig.producer.epoch))
        try await ask("continue without an epoch", .init(id: first.id, epoch: -1))
        try await ask("continue without an ID", .init(id: -1, epoch: 0))
        try await ask("continue with negative numbers", .init(id: -2, epoch: -2))
        try await ask("continue as an earlier one by version 3", .init(id: first.id, epoch: 0), version: 3)
        for timeout in [0, -1, 900_000, 900_001] as [Int32] {
            self.note("timeout \(timeout)", try await rig.initialize(timeout: timeout))
        }
        try await self.settle("it", rig)
        let unknown = rig.copy()
        unknown.id = unique("y")
        // An unknown transactional ID takes whatever producer wants to continue.
        try await eventually("the coordinator is ready") {
            let code = try await unknown.initialize(continuing: .init(id: first.id, epoch: 5))
            return code == .none
        }
        self.note("unknown ID", "\(unknown.producer.epoch), other producer \(unknown.producer.id != first.id)")
        unknown.id = ""
        self.note("empty ID", try await unknown.initialize())
        self.note("empty ID: end", try await unknown.end(isCommit: true))
        self.note("empty ID: add", try await unknown.add(0))
        self.note("empty ID: add offsets", try await unknown.addOffsets(of: "group"))
        self.note("empty ID: describe", try await unknown.described().errorCode)
        unknown.id = unique("nobody")
        try await self.askEverything("nobody", unknown)
        self.note("nobody: describe", try await unknown.described().errorCode)
    }

    func endNothing() async throws {
        self.begin("end nothing")
        let rig = try await self.producer()
        try await self.end("commit", isCommit: true, rig)
        try await self.end("abort", isCommit: false, rig)
        try await self.end("abort again", isCommit: false, rig)
        try await self.end("commit after aborts", isCommit: true, rig)
        let late = rig.copy(epoch: -1)
        try await self.end("late abort", isCommit: false, late)
        try await self.write("a", by: rig)
        try await self.end("commit something", isCommit: true, rig)
    }

    func repeatEnds(isCommit: Bool) async throws {
        self.begin(isCommit ? "commit" : "abort")
        let rig = try await self.producer()
        let first = rig.copy()
        try await self.write("a", by: rig)
        try await self.askEverything("earlier epoch", rig.copy(epoch: -1))
        try await self.askEverything("later epoch", rig.copy(epoch: 1))
        let other = rig.copy()
        other.producer.id += 1000
        try await self.askEverything("other producer", other)
        try await self.end("end", isCommit: isCommit, rig)
        try await self.end("repeated", isCommit: isCommit, first.copy())
        try await self.end("otherwise", isCommit: !isCommit, first.copy())
        try await self.end("much later epoch", isCommit: isCommit, rig.copy(epoch: 5))
        self.note("late produce", try await first.produce("late", sequence: 1))
        try await self.end("new epoch, commit of nothing", isCommit: true, rig.copy())
        try await self.write("b", sequence: self.version < 2 ? 1 : 0, by: rig)
        if self.version == 2 { try await self.askEverything("earlier transaction", first) }
        try await self.end("second end", isCommit: isCommit, rig)
        let values = try await self.client.read(rig.topic, isCommitted: true)
        self.note("read", values)
    }

    func addPartitions() async throws {
        self.begin("add partitions")
        let rig = try await self.producer()
        for version in 0...3 as ClosedRange<Int16> {
            self.note("unknown partition \(version)", try await rig.add(0, 9, version: version))
            self.note("unknown topic \(version)", try await rig.add(0, topic: "nowhere", version: version))
        }
        try await self.settle("refusals", rig)
        for version in 4...5 as ClosedRange<Int16> {
            self.note("verify \(version)", try await rig.add(0, version: version, verifyOnly: true))
            self.note("add \(version)", try await rig.add(0, version: version))
            self.note("verify both \(version)", try await rig.add(0, 1, version: version, verifyOnly: true))
            self.note("verify unknown \(version)", try await rig.add(0, 9, version: version, verifyOnly: true))
            for change in [-1, 1] as [Int16] {
                let other = rig.copy(epoch: change)
                self.note(
                    "verify epoch \(change), \(version)", try await other.add(0, version: version, verifyOnly: true))
                self.note("add epoch \(change), \(version)", try await other.add(0, version: version))
            }
        }
        self.note("add again", try await rig.add(0, 1))
        self.note("add offsets", try await rig.addOffsets(of: "group"))
        self.note("add offsets without a group", try await rig.addOffsets(of: ""))
        try await self.settle("adding", rig)
        try await self.end("abort", isCommit: false, rig)
        self.note("verify after the end", try await rig.add(0, version: 5, verifyOnly: true))
    }

    /// A new instance of the producer fences the old one, whose transaction is aborted.
    func fence() async throws {
        self.begin("fence")
        let rig = try await self.producer()
        let old = rig.copy()
        try await self.write("a", by: rig)
        self.note("initialize", try await rig.initialize())
        try await self.settle("the abort", rig)
        try await self.askEverything("between", old)
        self.note("initialize again", "\(try await rig.initialize()) \(rig.producer.epoch)")
        try await self.askEverything("old", old)
        self.note("continue as the old one", try await old.copy().initialize(continuing: old.producer))
        try await self.settle("it", rig)
        try await self.write("b", by: rig)
        self.note("continue within a transaction", try await rig.copy().initialize(continuing: rig.producer))
        try await self.settle("the second abort", rig)
        self.note("continue again", "\(try await rig.initialize(continuing: rig.producer)) \(rig.producer.epoch)")
        try await self.settle("the end", rig)
    }

    /// A transaction takes too long. The coordinator aborts it.
    func timeOut() async throws {
        self.begin("time out")
        let rig = try await self.producer(timeout: 100)
        let old = rig.copy()
        try await self.write("a", by: rig)
        try await eventually("the transaction is aborted") {
            try await rig.described().transactionState == "CompleteAbort"
        }
        try await self.settle("the timeout", rig)
        try await self.askEverything("late", old)
        self.note("continue", "\(try await old.initialize(continuing: rig.producer)) \(old.producer.epoch)")
        self.note("repeated", "\(try await old.initialize(continuing: rig.producer)) \(old.producer.epoch)")
        try await self.settle("it", old)
    }
}
