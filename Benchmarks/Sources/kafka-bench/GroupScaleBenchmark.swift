// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import Foundation

/// Measures how a large group becomes stable: an embedded broker and all members are in this process.
///
/// Prints a line of JSON for each change: all members start at once, nothing happens for ten seconds, one more joins, one leaves. It
/// has the wall and CPU seconds until each partition has an owner and the group is stable, the group's generation or epoch, and the
/// resident memory then.
struct GroupScaleBenchmark {
    let handover: String
    let partitions: Int
    let members: Int

    private static let group = "scale"
    private static let topic = "scale"

    func run() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.requestLogCapacity = 0
        try await EmbeddedKafka.withCluster(configuration) { kafka in
            try await kafka.createTopic(Self.topic, partitions: self.partitions)
            let owners = Owners()
            self.report("nothing", Stopwatch(), generation: 0)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                var watch = Stopwatch()
                var all: [KafkaConsumer] = []
                for number in 0..<self.members { all.append(try self.start(number, kafka, owners, in: &tasks)) }
                try await self.untilStable("start", kafka, owners, members: self.members, watch)

                watch = Stopwatch()
                // The duration of the measurement.
                try await Task.sleep(for: .seconds(10))
                self.report(
                    "10 s without a change", watch, generation: try await kafka.group(Self.group)?.generation ?? 0)

                watch = Stopwatch()
                all.append(try self.start(self.members, kafka, owners, in: &tasks))
                try await self.untilStable("join", kafka, owners, members: self.members + 1, watch)

                watch = Stopwatch()
                all[0].triggerGracefulShutdown()
                try await self.untilStable("leave", kafka, owners, members: self.members, watch)

                watch = Stopwatch()
                for consumer in all { consumer.triggerGracefulShutdown() }
                try await tasks.waitForAll()
                self.report("end", watch, generation: 0)
            }
        }
    }

    private func start(
        _ number: Int, _ kafka: EmbeddedKafka, _ owners: Owners, in tasks: inout ThrowingTaskGroup<Void, any Error>
    ) throws -> KafkaConsumer {
        var cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
        cluster.clientID = "member-\(number)"
        var configuration = ConsumerConfiguration(cluster, groupID: Self.group)
        configuration.autoOffsetReset = .earliest
        switch self.handover {
        case "cooperative":
            configuration.groupProtocol = .classic(ClassicGroupProtocol(assignors: [.cooperativeSticky]))
        case "consumer": configuration.groupProtocol = .consumer()
        default: configuration.groupProtocol = .classic(ClassicGroupProtocol(assignors: [.range]))
        }
        let consumer = try KafkaConsumer(configuration, listener: Member(number: number, owners: owners))
        try consumer.subscribe(to: [Self.topic])
        tasks.addTask {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await consumer.run() }
                for try await _ in consumer.batches {}
                try await group.waitForAll()
            }
        }
        return consumer
    }

    /// Waits until the members have all partitions, and the group changes no more.
    private func untilStable(
        _ what: String, _ kafka: EmbeddedKafka, _ owners: Owners, members: Int, _ watch: Stopwatch
    ) async throws {
        var generation = 0
        repeat {
            await owners.untilShared(members: members, partitions: self.partitions)
            generation = try await kafka.waitForStableGroup(
                Self.group, members: members, timeout: .seconds(600)
            ).generation
        } while await !owners.isShared(members: members, partitions: self.partitions)
        self.report(what, watch, generation: generation)
    }

    private func report(_ what: String, _ watch: Stopwatch, generation: Int) {
        func text(_ seconds: Double) -> String { String(format: "%.3f", seconds) }
        print(
            #"{"protocol":"\#(self.handover)","partitions":\#(self.partitions),"members":\#(self.members),"change":"\#(what)","#
                + #""wall":\#(text(watch.wallSeconds)),"cpu":\#(text(watch.cpuSeconds)),"generation":\#(generation),"#
                + #""megabytes":\#(ResidentMemory.bytes >> 20)}"#)
    }
}

/// How many partitions each member has.
private actor Owners {
    private var counts: [Int: Int] = [:]
    private var waiter: (members: Int, partitions: Int, continuation: CheckedContinuation<Void, Never>)?

    func change(_ member: Int, by count: Int) {
        self.counts[member, default: 0] += count
        guard let waiter = self.waiter, self.isShared(members: waiter.members, partitions: waiter.partitions) else {
            return
        }
        self.waiter = nil
        waiter.continuation.resume()
    }

    func isShared(members: Int, partitions: Int) -> Bool {
        let counts = self.counts.values.filter { $0 > 0 }
        return counts.count == members && counts.reduce(0, +) == partitions
    }

    func untilShared(members: Int, partitions: Int) async {
        if self.isShared(members: members, partitions: partitions) { return }
        await withCheckedContinuation { self.waiter = (members, partitions, $0) }
    }
}

private struct Member: ConsumerRebalanceListener {
    let number: Int
    let owners: Owners

    func partitionsAssigned(_ partitions: [TopicPartition], consumer: KafkaConsumer) async {
        await self.owners.change(self.number, by: partitions.count)
    }
    func partitionsRevoked(_ partitions: [TopicPartition], consumer: KafkaConsumer) async {
        await self.owners.change(self.number, by: -partitions.count)
    }
    func partitionsLost(_ partitions: [TopicPartition], consumer: KafkaConsumer) async {
        await self.owners.change(self.number, by: -partitions.count)
    }
}
