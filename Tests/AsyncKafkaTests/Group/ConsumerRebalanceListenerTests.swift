// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaMemory
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The documented contract of `ConsumerRebalanceListener`, sentence by sentence.
@Suite(.timeLimit(.minutes(2))) struct ConsumerRebalanceListenerTests: ListenerSuite {
    private let clock = TestClock()
    private struct Failure: Error {}

    @Test func assignNeverCallsTheListener() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 3)
            let log = EventLog()
            let consumer = try KafkaConsumer(
                kafka.consuming("g"), listener: NotingListener(name: "a", log: log))
            try consumer.assign([TopicPartition("t", 0)])
            async let running: Void = consumer.run()
            var count = 0
            for try await _ in consumer.records {
                count += 1
                if count == 3 { break }
            }
            try consumer.assign([TopicPartition("t", 1)])
            consumer.triggerGracefulShutdown()
            try await running
            #expect(log.events.isEmpty)
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func partitionsAssignedRunsAfterTheRebalanceAndBeforeTheFirstFetch(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 1)
            let log = EventLog()
            let stop = Promise<Void>()
            let listener = NotingListener(
                name: "a", log: log,
                onAssigned: { partitions, consumer in
                    #expect(consumer.assignment == partitions)
                    #expect(kafka.requests.allSatisfy { $0.api != .fetch })
                    let group = try await kafka.group("g")
                    #expect(group?.state == "Stable")
                    #expect(kafka.requests.allSatisfy { $0.api != .fetch })
                })
            try await self.read(kafka.consuming("g", handover), listener, until: stop) { record, _ in
                log.add("read \(record.text)")
                stop.fulfill(.success(()))
            }
            #expect(
                log.events == ["a assigning 0,1", "a assigned 0,1", "read v0", "a revoking 0,1", "a revoked 0,1"])
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func positionCommittedSeekAndPauseWorkInPartitionsAssigned(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", partition: 0, 10)
            try await kafka.fill("t", partition: 1, 10)
            let log = EventLog()
            let stop = Promise<Void>()
            let (zero, one) = (TopicPartition("t", 0), TopicPartition("t", 1))
            let listener = NotingListener(
                name: "a", log: log,
                onAssigned: { _, consumer in
                    #expect(try await consumer.committedOffset(of: zero) == nil)
                    #expect(try await consumer.position(of: zero) == 0)
                    try await consumer.seek(zero, to: .offset(7))
                    #expect(try await consumer.position(of: zero) == 7)
                    try await consumer.seek(one, to: .end)
                    #expect(try await consumer.position(of: one) == 10)
                    try await consumer.seek(one, to: .beginning)
                    try consumer.pause([one])
                })
            try await self.read(kafka.consuming("g", handover), listener, until: stop) { record, consumer in
                #expect(record.topicPartition == zero)
                log.add(record.text)
                if record.offset == 9 { stop.fulfill(.success(())) }
            }
            #expect(log.events.prefix(5) == ["a assigning 0,1", "a assigned 0,1", "v7", "v8", "v9"])
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func partitionsRevokedRunsBetweenTwoElementsAndACommitInItAvoidsRedelivery(handover: HandoverProtocol) async throws
    {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", partition: 0, 200)
            try await kafka.fill("t", partition: 1, 200)
            var configuration = kafka.consuming("g", handover)
            configuration.enableAutoCommit = false
            let log = EventLog()
            let inBody = Lock(false)
            let stopA = Promise<Void>()
            let stopB = Promise<Void>()
            let stops = [stopA, stopB]
            let seen = Lock<[String: Int]>([:])
            let each: @Sendable (ConsumerRecord, KafkaConsumer) async throws -> Void = { record, _ in
                let total = seen.withLock { seen in
                    seen["\(record.topicPartition)@\(record.offset)", default: 0] += 1
                    return seen.count
                }
                if total == 400 { for stop in stops { stop.fulfill(.success(())) } }
            }
            let a = NotingListener(
                name: "a", log: log,
                onRevoked: { _, consumer in
                    #expect(!inBody.withLock { $0 })
                    try await consumer.commit()
                })
            let b = NotingListener(name: "b", log: log, onRevoked: { _, consumer in try await consumer.commit() })
            try await withThrowingTaskGroup(of: Void.self) { group in
                let first = configuration
                group.addTask {
                    try await self.read(first, a, until: stopA) { record, consumer in
                        inBody.withLock { $0 = true }
                        // The rebalance begins while the body holds a record.
                        if record.offset == 50, record.partition == 0 {
                            log.add("a holds")
                            await log.until("b starts")
                            if handover != .consumer {
                                await kafka.untilRequests { $0.count { $0.api == .joinGroup } >= 3 }
                            }
                            let count = kafka.requests.count { $0.api == handover.heartbeat }
                            await kafka.untilRequests(of: handover.heartbeat, count: count + 6)
                        }
                        try await each(record, consumer)
                        inBody.withLock { $0 = false }
                    }
                }
                await log.until("a holds")
                log.add("b starts")
                group.addTask { try await self.read(first, b, until: stopB, each) }
                try await group.waitForAll()
            }
            let counts = seen.withLock { $0 }
            #expect(counts.count == 400)
            #expect(counts.values.allSatisfy { $0 == 1 })
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func everyPartitionsRevokedOfTheGroupReturnsBeforeAnyPartitionsAssignedBegins(handover: HandoverProtocol)
        async throws
    {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t", partitions: 4)
            let log = EventLog()
            let stops = (0..<3).map { _ in Promise<Void>() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, stop) in stops.enumerated() {
                    let listener = NotingListener(
                        name: "m\(index)", log: log,
                        onRevoked: { _, consumer in _ = try await consumer.beginningOffsets(of: consumer.assignment) })
                    let configuration = kafka.consuming("g", handover)
                    group.addTask { try await self.read(configuration, listener, until: stop) }
                    await log.until { events in
                        // All members have received a generation in which all partitions are assigned.
                        Self.holdings(events).values.filter { !$0.isEmpty }.count == index + 1
                            && Self.holdings(events).values.joined().count == 4
                    }
                }
                for stop in stops { stop.fulfill(.success(())) }
                try await group.waitForAll()
            }
            var owners: [String: String] = [:]
            for event in log.events {
                let words = event.split(separator: " ").map(String.init)
                let partitions = words.count > 2 ? words[2].split(separator: ",").map(String.init) : []
                for partition in partitions {
                    switch words[1] {
                    case "assigning":
                        #expect(owners[partition] == nil, "\(event): held by \(owners[partition] ?? "")")
                        owners[partition] = words[0]
                    case "revoked":
                        #expect(owners[partition] == words[0])
                        owners[partition] = nil
                    default: break
                    }
                }
            }
        }
    }

    private static func holdings(_ events: [String]) -> [String: [String]] {
        var holdings: [String: [String]] = [:]
        for event in events {
            let words = event.split(separator: " ").map(String.init)
            let partitions = words.count > 2 ? words[2].split(separator: ",").map(String.init) : []
            switch words[1] {
            case "assigned": holdings[words[0], default: []] += partitions
            case "revoking", "lost": holdings[words[0]]?.removeAll { partitions.contains($0) }
            default: break
            }
        }
        return holdings
    }

    @Test(arguments: HandoverProtocol.allCases)
    func partitionsLostRunsAfterALossAndNothingCanBeCommitted(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 5)
            let log = EventLog()
            let stop = Promise<Void>()
            let listener = NotingListener(
                name: "a", log: log,
                onLost: { partitions, consumer in
                    let error = await #expect(throws: KafkaError.self) {
                        try await consumer.commit([partitions[0]: OffsetAndMetadata(offset: 1)])
                    }
                    #expect(error?.code == .commitFailed)
                })
            var configuration = kafka.consuming("g", handover)
            configuration.enableAutoCommit = false
            try await self.read(configuration, listener, until: stop) { record, _ in
                log.add(record.text)
                if log.events.count(where: { $0 == "v0" }) == 2 {
                    stop.fulfill(.success(()))
                    return
                }
                if record.text == "v2" {
                    let fault = kafka.inject(handover.removal, on: handover.heartbeat)
                    await kafka.untilRequests { _ in fault.hits == 1 }
                }
            }
            #expect(
                log.events.prefix(8) == [
                    "a assigning 0", "a assigned 0", "v0", "v1", "v2", "a lost 0", "a assigning 0", "a assigned 0",
                ])
            #expect(try await kafka.committedOffset(of: "g", topic: "t", partition: 0) == nil)
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func heartbeatsContinueDuringAllCallbacks(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            for topic in ["t", "u"] { try await kafka.createTopic(topic) }
            try await kafka.fill("t", 1)
            let log = EventLog()
            let stop = Promise<Void>()
            let waitForHeartbeats: @Sendable () async -> Void = {
                let before = kafka.requests.count { $0.api == handover.heartbeat }
                await kafka.untilRequests(of: handover.heartbeat, count: before + 3)
            }
            let listener = NotingListener(
                name: "a", log: log, onRevoked: { _, _ in await waitForHeartbeats() },
                onAssigned: { _, _ in
                    await waitForHeartbeats()
                    if log.events.contains("a revoked 0") { stop.fulfill(.success(())) }
                })
            try await self.read(kafka.consuming("g", handover), listener, until: stop) { _, consumer in
                try consumer.subscribe(to: ["u"])
            }
            #expect(log.events.contains("a revoked 0"))
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func aCallbackBeyondTheRebalanceTimeoutLosesThePartitionsAndTheMemberRejoins(handover: HandoverProtocol)
        async throws
    {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let log = EventLog()
            let stop = Promise<Void>()
            let isFirst = FirstTime()
            let listener = NotingListener(
                name: "a", log: log,
                onAssigned: { _, _ in
                    // Wait until the consumer has left the group.
                    if isFirst() { try await kafka.untilEmpty("g", on: self.clock) }
                })
            var configuration = kafka.consuming("g", handover)
            configuration.maxPollInterval = .seconds(2)
            try await self.read(configuration, listener, until: stop) { record, _ in
                log.add(record.text)
                stop.fulfill(.success(()))
            }
            #expect(
                log.events == [
                    "a assigning 0", "a assigned 0", "a lost 0", "a assigning 0", "a assigned 0", "v0",
                    "a revoking 0", "a revoked 0",
                ])
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func processingBeyondTheMaximumPollIntervalLosesThePartitions(handover: HandoverProtocol) async throws {
        try await self.clock.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 2)
            let log = EventLog()
            let stop = Promise<Void>()
            var configuration = kafka.consuming("g", handover)
            configuration.maxPollInterval = .seconds(2)
            try await self.read(
                configuration, NotingListener(name: "a", log: log), until: stop
            ) { record, _ in
                log.add(record.text)
                if log.events.count(where: { $0 == "v0" }) == 2 {
                    stop.fulfill(.success(()))
                    return
                }
                try await kafka.untilEmpty("g", on: self.clock)
            }
            #expect(
                log.events.prefix(7) == [
                    "a assigning 0", "a assigned 0", "v0", "a lost 0", "a assigning 0", "a assigned 0", "v0",
                ])
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func anErrorOfACallbackReachesTheReaderWithTheCallbacksName(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            for topic in ["t", "u"] { try await kafka.createTopic(topic) }
            try await kafka.fill("t", 1)
            for callback in ["partitionsAssigned", "partitionsRevoked", "partitionsLost"] {
                let log = EventLog()
                var listener = NotingListener(name: "a", log: log)
                switch callback {
                case "partitionsAssigned": listener.onAssigned = { _, _ in throw Failure() }
                case "partitionsRevoked": listener.onRevoked = { _, _ in throw Failure() }
                default: listener.onLost = { _, _ in throw Failure() }
                }
                var configuration = kafka.consuming("g-\(callback)", handover)
                configuration.enableAutoCommit = false
                let error = await #expect(throws: KafkaError.self) {
                    try await self.read(configuration, listener) { _, consumer in
                        if callback == "partitionsRevoked" { try consumer.subscribe(to: ["u"]) }
                        if callback == "partitionsLost" {
                            let fault = kafka.inject(.fail(.unknownMemberId), on: handover.heartbeat)
                            await kafka.untilRequests { _ in fault.hits == 1 }
                        }
                    }
                }
                #expect(error?.code == .listenerFailed)
                #expect(error?.message.contains(callback) == true)
                #expect(error?.underlyingError is Failure)
            }
        }
    }

    @Test(arguments: HandoverProtocol.allCases)
    func readingContinuesAfterAnErrorOfACallback(handover: HandoverProtocol) async throws {
        try await EmbeddedKafka.withCluster(HandoverProtocol.broker) { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let listener = NotingListener(name: "a", log: EventLog(), onAssigned: { _, _ in throw Failure() })
            try await KafkaConsumer.withConsumer(
                kafka.consuming("g", handover), subscribedTo: ["t"], listener: listener
            ) {
                consumer in
                await #expect(throws: KafkaError.self) { for try await _ in consumer.records {} }
                let record = try await consumer.nextRecord()
                #expect(record?.text == "v0")
            }
        }
    }
}
