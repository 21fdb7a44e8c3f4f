// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka
import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import class order_service.KeyedProgress

/// The recipe of the article Concurrency, under a clock that moves only when nobody has anything left to do.
@Suite(.timeLimit(.minutes(2))) struct KeyedProgressTests {
    private let clock = TestClock()

    @Test func recordsOfAKeyKeepTheirOrderOthersOvertakeThemAndNoGapIsCommitted() async throws {
        try await self.run(keys: [["a", "b", "a", "b", "a", "b", "a", "b"]]) { kafka in
            let work = Work()
            let gate = work.hold("0@0")
            let member = try Member(self.configuration(kafka), work)
            async let ending: Void = member.run()
            try await self.clock.until { work.done.count == 4 }
            try await self.clock.sleep(for: .seconds(1))
            #expect(work.done == ["0@1", "0@3", "0@5", "0@7"])
            #expect(work.begun == ["0@0", "0@1", "0@3", "0@5", "0@7"])
            #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: 0) == nil)
            gate.open()
            try await self.clock.until { work.done.count == 8 }
            member.consumer.triggerGracefulShutdown()
            try await ending
            #expect(work.done.suffix(4) == ["0@0", "0@2", "0@4", "0@6"])
            #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: 0) == 8)
        }
    }

    @Test func aSlowRecordLetsOnlySoManyOthersBeDoneBehindIt() async throws {
        try await self.run(keys: [["a"] + Array(repeating: "b", count: 19)]) { kafka in
            let work = Work()
            let gate = work.hold("0@0")
            let member = try Member(self.configuration(kafka), work, limit: 4)
            async let ending: Void = member.run()
            try await self.clock.until { work.done.count >= 3 }
            try await self.clock.sleep(for: .seconds(1))
            #expect(work.done == ["0@1", "0@2", "0@3"])
            gate.open()
            try await self.clock.until { work.done.count == 20 }
            member.consumer.triggerGracefulShutdown()
            try await ending
            #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: 0) == 20)
        }
    }

    @Test(arguments: ["eager", "cooperative", "consumer"])
    func aPartitionThatMovesIsContinuedBehindWhatWasInWork(rebalances: String) async throws {
        let keys = [["a", "a", "a", "a"], ["a", "a", "a", "a"]]
        try await self.run(keys: keys) { kafka in
            let work = Work()
            let gates = [work.hold("0@0"), work.hold("1@0")]
            var configuration = self.configuration(kafka)
            switch rebalances {
            case "cooperative":
                configuration.groupProtocol = .classic(ClassicGroupProtocol(assignors: [.cooperativeSticky]))
            case "consumer": configuration.groupProtocol = .consumer()
            default: configuration.groupProtocol = .classic()
            }
            let (first, second) = (try Member(configuration, work), try Member(configuration, work))
            async let firstEnding: Void = first.run()
            try await self.clock.until { !work.begun.isEmpty }
            async let secondEnding: Void = second.run()
            try await self.clock.sleep(for: .seconds(20))
            // One lane has all the records, so the first one of either partition holds up the rest.
            #expect(work.begun.count == 1)
            for gate in gates { gate.open() }
            try await self.clock.until { work.done.count >= 8 && second.consumer.assignment.count == 1 }
            for member in [first, second] { member.consumer.triggerGracefulShutdown() }
            try await firstEnding
            try await secondEnding
            for partition in 0...1 {
                let done = work.done.filter { $0.hasPrefix("\(partition)@") }
                #expect(done == (0..<4).map { "\(partition)@\($0)" })
                #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: partition) == 4)
            }
        }
    }

    @Test func whatIsDoneAfterAPartitionWasLostDoesNotCountWhenItIsAssignedAgain() async throws {
        try await self.run(keys: [["a", "a"]]) { kafka in
            let work = Work()
            let gates = [work.hold("0@0"), work.hold("0@0")]
            let member = try Member(self.configuration(kafka), work)
            async let ending: Void = member.run()
            try await self.clock.until { work.begun == ["0@0"] }
            let removal = kafka.inject(.fail(.unknownMemberId), on: .heartbeat)
            try await self.clock.until { removal.hits == 1 && member.consumer.assignment.isEmpty }
            try await self.clock.until { !member.consumer.assignment.isEmpty }
            try await self.clock.sleep(for: .seconds(1))
            gates[0].open()
            try await self.clock.until { work.begun.count == 2 }
            try await self.clock.sleep(for: .seconds(5))
            #expect(work.begun == ["0@0", "0@0"])
            #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: 0) == nil)
            gates[1].open()
            try await self.clock.until { work.done.count == 3 }
            member.consumer.triggerGracefulShutdown()
            try await ending
            #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: 0) == 2)
        }
    }

    @Test func theFirstErrorEndsTheProcessingAndWhatWasDoneBeforeItIsCommitted() async throws {
        struct Failure: Error {}
        try await self.run(keys: [["a", "a", "a"]]) { kafka in
            let work = Work()
            let member = try Member(self.configuration(kafka), work) { record in
                if record.offset == 2 { throw Failure() }
            }
            await #expect(throws: Failure.self) { try await member.run() }
            #expect(work.done == ["0@0", "0@1"])
            #expect(try await kafka.committedOffset(of: "g", topic: "orders", partition: 0) == 2)
        }
    }

    // MARK: The stage

    /// Runs a test on a broker whose topic `orders` has a record for each of these keys, by partition.
    private func run(
        keys: [[String]], _ body: @escaping @Sendable (EmbeddedKafka) async throws -> Void
    ) async throws {
        let names = Self.keysOfTwoLanes
        var brokers = EmbeddedKafka.Configuration()
        brokers.clock = self.clock.loopClock
        try await EmbeddedKafka.withCluster(brokers) { kafka in
            try await kafka.createTopic("orders", partitions: keys.count)
            try await self.clock.passing(atMost: .seconds(300)) {
                try await KafkaProducer.withProducer(ProducerConfiguration(self.cluster(kafka))) { producer in
                    for (partition, keys) in keys.enumerated() {
                        for key in keys {
                            let record = ProducerRecord(
                                topic: "orders", partition: Int32(partition), key: names[key] ?? "", value: "v")
                            try await producer.enqueue(record)
                        }
                    }
                }
                try await body(kafka)
            }
        }
    }

    /// Keys that go to two lanes: which ones do differs from process to process.
    private static var keysOfTwoLanes: [String: Bytes] {
        let lane = KeyedProgress.lane(of: "a", Member.lanes)
        let other = (0...).lazy.map { Bytes("b\($0)") }.first { KeyedProgress.lane(of: $0, Member.lanes) != lane }
        return ["a": "a", "b": other ?? ""]
    }

    private func cluster(_ kafka: EmbeddedKafka) -> KafkaClientConfiguration {
        var cluster = KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers)
        cluster.clock = self.clock.loopClock
        return cluster
    }

    private func configuration(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = ConsumerConfiguration(self.cluster(kafka), groupID: "g")
        configuration.autoOffsetReset = .earliest
        configuration.enableAutoCommit = false
        return configuration
    }
}

/// A consumer that processes `orders` by the recipe.
private final class Member: Sendable {
    static let lanes = 4
    let consumer: KafkaConsumer
    private let progress: KeyedProgress
    private let work: Work
    private let check: @Sendable (ConsumerRecord) throws -> Void

    init(
        _ configuration: ConsumerConfiguration, _ work: Work, limit: Int = 100,
        check: @escaping @Sendable (ConsumerRecord) throws -> Void = { _ in }
    ) throws {
        // The second commit is the one of `partitionsRevoked`.
        self.progress = KeyedProgress(limit: limit, commitInterval: .seconds(3600))
        self.consumer = try KafkaConsumer(configuration, listener: self.progress)
        self.work = work
        self.check = check
        try self.consumer.subscribe(to: ["orders"])
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.consumer.run() }
            defer { self.consumer.triggerGracefulShutdown() }
            try await self.progress.process(self.consumer, lanes: Self.lanes) { record in
                try await self.work.perform(record, self.check)
            }
        }
    }
}

/// Notes the records that are processed, as `partition@offset`, and holds those that a test wants to hold.
private final class Work: Sendable {
    struct Gate {
        fileprivate let opened: AsyncStream<Never>
        fileprivate let opener: AsyncStream<Never>.Continuation

        func open() { self.opener.finish() }
    }

    private struct State {
        var begun: [String] = []
        var done: [String] = []
        var gates: [String: [Gate]] = [:]
    }

    private let state = Lock(State())

    var begun: [String] { self.state.withLock { $0.begun } }
    var done: [String] { self.state.withLock { $0.done } }

    /// Holds this record when it is processed, one gate each time.
    func hold(_ record: String) -> Gate {
        let (opened, opener) = AsyncStream<Never>.makeStream()
        let gate = Gate(opened: opened, opener: opener)
        self.state.withLock { $0.gates[record, default: []].append(gate) }
        return gate
    }

    func perform(_ record: ConsumerRecord, _ check: (ConsumerRecord) throws -> Void) async throws {
        let name = "\(record.partition)@\(record.offset)"
        let gate: Gate? = self.state.withLock { state in
            state.begun.append(name)
            guard let gates = state.gates[name], let gate = gates.first else { return nil }
            state.gates[name] = Array(gates.dropFirst())
            return gate
        }
        if let gate {
            for await _ in gate.opened {}
        }
        try check(record)
        self.state.withLock { $0.done.append(name) }
    }
}
