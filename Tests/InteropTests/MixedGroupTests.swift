// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import KafkaTestSupport
import Testing

extension InteropTests {
    /// Groups with members of this client and of other clients: the members understand each other's bytes, and the
    /// order of the callbacks holds across processes.
    @Suite(
        .timeLimit(.minutes(2)),
        .enabled(if: !ForeignMember.all.isEmpty, "needs Kafka's tools, aiokafka or confluent_kafka: see above"))
    struct MixedGroups {
        /// The embedded coordinator, and that of the newest Kafka.
        private static let environments = TestEnvironment.all.filter { environment in
            switch environment {
            case .embedded: true
            case .real(let installation): installation == RealKafka.newest
            }
        }

        @Test(arguments: environments, ForeignMember.all)
        func anotherClientCanJoinThisClientsGroup(environment: TestEnvironment, other: ForeignMember) async throws {
            let mixed = try await Mixed(environment, other)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                // The first member leads, so this client's assignor serves the other member.
                tasks.addTask { try await mixed.runOurs() }
                try await mixed.log.untilShared(["ours": 4])
                try await mixed.produceAndRead()
                try await mixed.withOther { process in
                    try await mixed.log.untilShared(["ours": 2, "other": 2])
                    try await mixed.produceAndRead()
                    await process.stop()
                }
                try await mixed.log.untilShared(["ours": 4])
                try await mixed.produceAndRead()
                mixed.ours.stop()
                try await tasks.waitForAll()
            }
            try mixed.check()
        }

        @Test(arguments: environments, ForeignMember.all)
        func thisClientCanJoinAnotherClientsGroup(environment: TestEnvironment, other: ForeignMember) async throws {
            let mixed = try await Mixed(environment, other)
            try await mixed.withOther { process in
                try await mixed.log.untilShared(["other": 4])
                try await mixed.produceAndRead()
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await mixed.runOurs() }
                    try await mixed.log.untilShared(["ours": 2, "other": 2])
                    try await mixed.produceAndRead()
                    mixed.ours.stop()
                    try await tasks.waitForAll()
                }
                try await mixed.log.untilShared(["other": 4])
                try await mixed.produceAndRead()
                await process.stop()
            }
            try mixed.check()
        }
    }
}

/// A topic, a group with two kinds of members, and their actions.
private struct Mixed: Sendable {
    let cluster: TestCluster
    let other: ForeignMember
    let topic: String
    let group: String
    let log = GroupLog()
    let ours: LoggedMember

    private static let wave = 100

    init(_ environment: TestEnvironment, _ other: ForeignMember) async throws {
        self.cluster = try await environment.cluster()
        self.other = other
        self.topic = try await self.cluster.createTopic("mixed", partitions: 4)
        self.group = unique("mixed")
        self.ours = LoggedMember("ours", self.log)
    }

    func runOurs() async throws {
        try await self.ours.run(self.cluster.consumer(group: self.group), topics: [self.topic])
    }

    func withOther(_ body: @Sendable (ChildProcess) async throws -> Void) async throws {
        try await self.other.run(on: self.cluster, topic: self.topic, group: self.group, log: self.log, body)
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

    func check() throws {
        let view = self.log.view
        #expect(view.overlaps.isEmpty, "\(view.overlaps) of \(view.events)")
        #expect(view.readCount == 3 * Self.wave)
        for (partition, offsets) in view.reads {
            #expect(offsets == Array(0..<Int64(offsets.count)), "\(partition)")
        }
        // Both members took part.
        let active = Set(view.events.filter { $0.callback == .assigned && !$0.partitions.isEmpty }.map(\.member))
        #expect(active == ["ours", "other"])
    }
}
