// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The log of a consumer whose fetches fail.
@Suite(.timeLimit(.minutes(1))) struct FetchFailureTests {
    private let clock = TestClock()

    /// Expects the time of the first attempt after failures have lasted for three seconds, which is when they are
    /// logged.
    private func expectPatience(since start: MonotonicTime, sourceLocation: SourceLocation = #_sourceLocation) {
        let passed = self.clock.now - start
        #expect(passed >= .seconds(3) && passed < .seconds(5), "\(passed)", sourceLocation: sourceLocation)
    }

    @Test(arguments: [EmbeddedKafka.Fault.closeBeforeWork, .garbage])
    func failingFetchesAreLoggedOnceAndSoIsTheirEnd(fault: EmbeddedKafka.Fault) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = KeptLog()
            var configuration = kafka.consuming()
            configuration.cluster.log = log
            let failing = kafka.inject(fault, on: .fetch, times: nil)
            let partition = TopicPartition("t", 0)
            let start = self.clock.now
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                await log.until(.warning, containing: "can't be fetched")
                self.expectPatience(since: start)
                failing.remove()
                try await kafka.fill("t", 1)
                for try await _ in consumer.records { break }
                await log.until(.info, containing: "fetched again")
            }
            #expect(log.lines(.warning).count == 1, "\(log.lines)")
        }
    }

    /// How a broker refuses one partition while it serves the others.
    enum Refusal: Sendable, CaseIterable {
        case storage, server, leader, position

        func inject(into kafka: EmbeddedKafka) {
            let code: ErrorCode =
                switch self {
                case .storage, .position: .kafkaStorageError
                case .server: .unknownServerError
                case .leader: .notLeaderOrFollower
                }
            if self == .position {
                kafka.rewrite(ListOffsetsRequest.self, times: nil) { _, _, response in
                    for topic in response.topics.indices {
                        for index in response.topics[topic].partitions.indices
                        where response.topics[topic].partitions[index].partitionIndex == 1 {
                            response.topics[topic].partitions[index].errorCode = code
                        }
                    }
                }
                return
            }
            kafka.rewrite(FetchRequest.self, times: nil) { _, _, response in
                for topic in response.responses.indices {
                    for index in response.responses[topic].partitions.indices
                    where response.responses[topic].partitions[index].partitionIndex == 1 {
                        response.responses[topic].partitions[index].errorCode = code
                        response.responses[topic].partitions[index].records = []
                    }
                }
            }
        }
    }

    @Test(arguments: Refusal.allCases)
    func aPartitionThatKeepsFailingIsLoggedOnceAndSoIsItsRecovery(refusal: Refusal) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", partition: 0, 1, prefix: "healthy")
            try await kafka.fill("t", partition: 1, 1, prefix: "refused")
            let log = KeptLog()
            var configuration = kafka.consuming()
            configuration.cluster.log = log
            refusal.inject(into: kafka)
            let all = [TopicPartition("t", 0), TopicPartition("t", 1)]
            let start = self.clock.now
            try await KafkaConsumer.withConsumer(configuration, assigned: all) { consumer in
                var records = consumer.records.makeAsyncIterator()
                let first = try await records.next()
                #expect(first?.text == "healthy0")
                await log.until(.warning, containing: "kafka.partitions=t-1")
                self.expectPatience(since: start)
                kafka.removeFaults()
                let second = try await records.next()
                #expect(second?.text == "refused0")
                await log.until(.info, containing: "kafka.partitions=t-1")
            }
            #expect(log.lines(.warning).count == 1, "\(log.lines)")
        }
    }

    @Test func fetchesThatAreRefusedAsAWholeAreLoggedOnceAndSoIsTheirEnd() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let log = KeptLog()
            var configuration = kafka.consuming()
            configuration.cluster.log = log
            kafka.rewrite(FetchRequest.self, times: nil) { _, _, response in
                response.errorCode = .unknownServerError
                response.responses = []
            }
            let start = self.clock.now
            try await KafkaConsumer.withConsumer(configuration, assigned: [TopicPartition("t", 0)]) { consumer in
                await log.until(.warning, containing: "UNKNOWN_SERVER_ERROR")
                self.expectPatience(since: start)
                kafka.removeFaults()
                for try await _ in consumer.records { break }
                await log.until(.info, containing: "fetched again")
            }
            #expect(log.lines(.warning).count == 1, "\(log.lines)")
        }
    }

    @Test(arguments: [true, false])
    func aPositionTimeoutNamesTheReasonOfTheLastFailedLookUp(isCommitted: Bool) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            if isCommitted {
                kafka.inject(.fail(.coordinatorLoadInProgress), on: .offsetFetch, times: nil)
            } else {
                kafka.inject(.fail(.kafkaStorageError), on: .listOffsets, times: nil)
            }
            var configuration = kafka.consuming(isCommitted ? "g" : nil)
            configuration.cluster.apiTimeout = .seconds(2)
            let partition = TopicPartition("t", 0)
            try await KafkaConsumer.withConsumer(configuration, assigned: [partition]) { consumer in
                let start = self.clock.now
                let failure = await #expect(throws: KafkaError.self) { try await consumer.position(of: partition) }
                #expect(self.clock.now - start == .seconds(2))
                #expect(failure?.code == .timedOut)
                #expect(failure?.brokerCode == (isCommitted ? .coordinatorLoadInProgress : .kafkaStorageError))
                #expect(failure?.broker != nil)
                #expect(failure?.topic == "t" && failure?.partition == 0)
                #expect(failure?.message.contains("attempts") == true, "\(failure?.message ?? "")")
            }
        }
    }

    /// The log reports the failure and recovery of the look-up as a whole, and so nothing about partitions.
    @Test func theEndOfAnUnloggedFailureIsNotLogged() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 1)
            let log = KeptLog()
            var configuration = kafka.consuming("g")
            configuration.cluster.log = log
            let failing = kafka.inject(.closeBeforeWork, on: .offsetFetch, times: nil)
            try await KafkaConsumer.withConsumer(configuration, assigned: [TopicPartition("t", 0)]) { consumer in
                await log.until(.warning, containing: "committed offsets can't be read")
                failing.remove()
                for try await _ in consumer.records { break }
            }
            #expect(log.count(beginning: "Partitions can be read again") == 0)
            // It was looked up at each attempt with the same result.
            #expect(log.count(beginning: "Found the coordinator") == 1)
        }
    }

    @Test func shortFailuresAreNotLogged() {
        let start = MonotonicTime(nanoseconds: 1_000_000_000)
        var report = FailureReport(patience: .seconds(3))
        var told = [0, 1, 2].map { report.failed(now: start + .seconds($0)) }
        told.append(report.succeeded() ? 1 : nil)
        #expect(told == [nil, nil, nil, nil])
        told = [4, 6, 7, 8, 66, 67].map { report.failed(now: start + .seconds($0)) }
        #expect(told == [nil, nil, 6, nil, nil, 3])
        let isOver = [report.succeeded(), report.succeeded()]
        #expect(isOver == [true, false])
    }
}
