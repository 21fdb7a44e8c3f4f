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
    /// A group under load moves to another protocol by restarts of its members, one after the other. One is this client's, the
    /// other one is Java's.
    @Suite(
        .timeLimit(.minutes(3)),
        .enabled(if: ForeignMember.all.contains(.java), "needs Kafka's tools: see the lines above"))
    struct GroupMoves {
        private static let session = Duration.seconds(20)

        /// The settings of both members.
        private struct Stage {
            var ours: GroupProtocol
            var handover: HandoverProtocol
            var assignors: [String]?

            static let both = Stage(
                ours: HandoverProtocol.eager.groupProtocol(session: session), handover: .eager,
                assignors: ["RangeAssignor", "CooperativeStickyAssignor"])
            static let cooperative = Stage(
                ours: HandoverProtocol.cooperative.groupProtocol(session: session), handover: .cooperative)
            static let consumer = Stage(
                ours: HandoverProtocol.consumer.groupProtocol(session: session), handover: .consumer)
        }

        @Test(arguments: GroupSetting.all.filter { $0.isEmbedded && $0.handover == .cooperative })
        func anEagerGroupMovesToTheCooperativeProtocol(setting: GroupSetting) async throws {
            try await self.move([.both, .cooperative], on: setting.environment.cluster())
        }

        @Test(arguments: GroupSetting.newest.filter { $0.handover == .consumer })
        func aClassicGroupMovesToTheConsumerProtocolAndBack(setting: GroupSetting) async throws {
            try await self.move([.both, .consumer, .both], on: setting.environment.cluster())
        }

        private func move(_ stages: [Stage], on cluster: TestCluster) async throws {
            let load = try await MixedLoad(cluster, session: Self.session)
            let half = MixedLoad.partitions / 2
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                var members: [MixedMember] = []
                func start(_ stage: Stage) -> [MixedMember] {
                    [
                        MixedMember("ours", .ours(stage.ours), load),
                        MixedMember("java", .other(.java, stage.handover, assignors: stage.assignors), load),
                    ]
                }
                try await load.write {
                    for (number, stage) in stages.enumerated() {
                        for (index, member) in start(stage).enumerated() {
                            if number > 0 {
                                await members[index].stop()
                                try await load.untilShared([members[1 - index].name: MixedLoad.partitions])
                                members[index] = member
                            } else {
                                members.append(member)
                            }
                            tasks.addTask { try await member.run() }
                            try await load.untilShared(
                                members.count == 1 ? [member.name: 2 * half] : ["ours": half, "java": half])
                            try await load.progress("in stage \(number) with \(member.name) restarted")
                        }
                    }
                }
                for member in members { await member.stop() }
                try await tasks.waitForAll()
            }
            try await load.readToEnd(stages[stages.count - 1].ours)
            load.check()
            #expect(load.repeated == 0, "of \(load.count)")
        }
    }
}
