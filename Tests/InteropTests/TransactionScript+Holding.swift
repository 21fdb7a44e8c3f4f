// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaProtocol
import KafkaTestSupport

/// What is answered while a transaction ends and one of its partitions can't be reached.
extension TransactionScript {
    func end(isCommit: Bool, hold: () async throws -> Void, release: () async throws -> Void) async throws {
        self.begin(isCommit ? "held commit" : "held abort")
        let (near, far) = (unique("near"), unique("far"))
        try await KafkaAdminClient.withAdminClient(self.cluster.client) { admin in
            _ = try await admin.createTopics([
                NewTopic(near, assignments: [[1], [1]]), NewTopic(far, assignments: [[2]]),
            ]).allSucceeded()
        }
        let group = try await self.name("group", .group)
        self.group = group
        let rig = try await self.producer(try await self.name("x", .transaction), topic: near)
        let version: Int16 = self.version < 2 ? 4 : 5
        try await self.write("a", by: rig)
        self.note("add the other broker's partition", try await rig.add(0, topic: far))
        if self.version < 2 { self.note("add offsets", try await rig.addOffsets(of: group)) }
        self.note("commit offsets", try await rig.commit(3, of: group, version: version))
        let old = rig.copy()
        try await hold()
        self.note("end", "\(try await rig.end(isCommit: isCommit)) \(rig.producer.epoch)")
        try await eventually("only the other broker's partition is left", within: .seconds(20)) {
            try await rig.described().topics.map(\.topic) == [far]
        }
        self.note("state", try await rig.described().transactionState)
        // The embedded broker's groups don't remember the epochs of producers, and so let an old one wait.
        try await self.askEverything("old", old, offsets: self.version < 2)
        try await self.askEverything("new", rig)
        try await self.askEverything("much later", rig.copy(epoch: 3))
        self.note("verify", try await rig.add(0, version: 5, verifyOnly: true))
        self.note("verify the other", try await rig.add(0, topic: far, version: 5, verifyOnly: true))
        self.note("initialize", try await rig.copy().initialize())
        self.note("continue", try await rig.copy().initialize(continuing: rig.producer))
        self.note("continue as old", try await rig.copy().initialize(continuing: old.producer))
        self.note("continue as another", try await rig.copy().initialize(continuing: .init(id: 1, epoch: 1)))
        self.note("read", try await self.client.read(near, isCommitted: true))
        self.note("committed", try await self.client.committed(group, topic: near, requireStable: true))
        try await release()
        try await self.settle("release", rig)
        try await self.write("b", sequence: self.version < 2 ? 1 : 0, by: rig)
        try await self.end("next end", isCommit: true, rig)
    }

    private enum Kind: Int8 {
        case group = 0
        case transaction = 1
    }

    /// Returns a name whose coordinator is the first broker.
    private func name(_ prefix: String, _ kind: Kind) async throws -> String {
        var name = ""
        try await eventually("a name belongs to the first broker") {
            name = unique(prefix)
            var request = FindCoordinatorRequest()
            request.keyType = kind.rawValue
            request.coordinatorKeys = [name]
            let found = try await self.client.ask(request, version: 4).coordinators[0]
            guard found.errorCode == .none, found.nodeId == 1 else { return false }
            guard kind == .group else { return true }
            return try await self.client.committed(name, topic: "t").error == .none
        }
        return name
    }
}
