// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaMemory
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Groups with members of this client and of other clients: the members understand each other's bytes, and the
    /// order of the callbacks holds across processes.
    @Suite(
        .timeLimit(.minutes(2)),
        .enabled(if: !ForeignMember.all.isEmpty, "needs Kafka's tools, aiokafka or confluent_kafka: see above"))
    struct MixedGroups {
        /// Each protocol with the clients that have it, on the embedded coordinator and that of the newest Kafka, for which the
        /// cooperative protocol doesn't differ from the eager one.
        private static let groups: [MixedGroup] = GroupSetting.all.filter {
            $0.isNewest && ($0.isEmbedded || $0.handover != .cooperative)
        }.flatMap { setting in
            ForeignMember.all.filter { $0.has(setting.handover) }.map { MixedGroup(setting: setting, other: $0) }
        }

        @Test(arguments: groups)
        func membersOfTwoClientsTakeOverFromEachOther(group: MixedGroup) async throws {
            let mixed = try await Mixed(group)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                // In a classic group the first member leads: at first this client's assignor serves the other member,
                tasks.addTask { try await mixed.runOurs() }
                try await mixed.log.untilShared(["ours": 4])
                try await mixed.produceAndRead()
                try await mixed.withOther { process in
                    try await mixed.log.untilShared(["ours": 2, "other": 2])
                    try await mixed.produceAndRead()
                    mixed.stopOurs()
                    try await mixed.log.untilShared(["other": 4])
                    try await mixed.produceAndRead()
                    // then the other one's serves this client.
                    tasks.addTask { try await mixed.runOurs() }
                    try await mixed.log.untilShared(["ours": 2, "other": 2])
                    try await mixed.produceAndRead()
                    await process.stop()
                }
                try await mixed.log.untilShared(["ours": 4])
                try await mixed.produceAndRead()
                mixed.stopOurs()
                try await tasks.waitForAll()
            }
            try mixed.check(waves: 5)
        }
    }
}

/// A group's protocol and cluster, and the other client.
struct MixedGroup: Sendable, CustomTestStringConvertible {
    let setting: GroupSetting
    let other: ForeignMember

    var testDescription: String { "\(self.setting.testDescription) with \(self.other.testDescription)" }
}

/// A topic, a group with two kinds of members, and their actions.
private struct Mixed: Sendable {
    let cluster: TestCluster
    let kind: MixedGroup
    let topic: String
    let group: String
    let log = GroupLog()
    private let ours = Lock<LoggedMember?>(nil)

    private static let wave = 100

    init(_ kind: MixedGroup) async throws {
        self.cluster = try await kind.setting.environment.cluster()
        self.kind = kind
        self.topic = try await self.cluster.createTopic("mixed", partitions: 4)
        self.group = unique("mixed")
    }

    /// Runs a member of this client until `stopOurs`.
    func runOurs() async throws {
        let member = LoggedMember("ours", self.log)
        self.ours.withLock { $0 = member }
        var configuration = self.cluster.consumer(group: self.group)
        configuration.groupProtocol = self.kind.setting.handover.groupProtocol(session: .seconds(20))
        try await member.run(configuration, topics: [self.topic])
    }

    func stopOurs() { self.ours.withLock { $0 }?.stop() }

    func withOther(_ body: (ChildProcess) async throws -> Void) async throws {
        try await self.kind.other.run(
            on: self.cluster, topic: self.topic, group: self.group, log: self.log, self.kind.setting.handover, body)
    }

    /// Writes records to all partitions, and waits until they have been read.
    func produceAndRead() async throws {
        let before = self.log.view.readCount
        let records = (0..<Self.wave).map {
            ProducerRecord(topic: self.topic, partition: Int32($0 % 4), value: "\($0)")
        }
        try await self.cluster.produce(records)
        try await self.log.until { $0.readCount >= before + Self.wave }
    }

    func check(waves: Int) throws {
        let view = self.log.view
        #expect(view.overlaps.isEmpty, "\(view.overlaps) of \(view.events)")
        #expect(view.readCount == waves * Self.wave)
        for (partition, offsets) in view.reads {
            #expect(offsets == Array(0..<Int64(offsets.count)), "\(partition)")
        }
        #expect(!view.events.contains { $0.callback == .lost })
        if self.kind.setting.handover != .eager {
            // Nobody gives up what it keeps: no more than half of the partitions at once, unless it leaves.
            let given = view.events.filter { $0.callback == .revoked && !$0.partitions.isEmpty }
            #expect(given.map(\.partitions.count) == [2, 2, 2, 2, 4], "\(given)")
        }
    }
}
