// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import EmbeddedKafka
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The error of a record that was not acknowledged in time.
@Suite(.timeLimit(.minutes(2))) struct ExpiredRecordTests {
    private let clock = TestClock()
    private let record = ProducerRecord(topic: "t", value: "v")

    /// A reason why a record is not stored in time.
    enum Obstacle: CaseIterable {
        case refused, noConnection, noID, silent
    }

    private func configuration(_ kafka: EmbeddedKafka) -> ProducerConfiguration {
        kafka.producing {
            $0.cluster.requestTimeout = .milliseconds(500)
            $0.deliveryTimeout = .seconds(4)
        }
    }

    /// The number of attempts that an error's message contains.
    private func attempts(in error: KafkaError) -> Int {
        guard let range = error.message.firstRange(of: "The last of ") else { return 0 }
        return Int(error.message[range.upperBound...].prefix { $0.isNumber }) ?? 0
    }

    @Test(arguments: Obstacle.allCases)
    func theErrorNamesTheLastFailureItsBrokerAndTheAttempts(_ obstacle: Obstacle) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                if obstacle != .noID { _ = try await producer.send(self.record) }
                switch obstacle {
                case .refused: kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: nil)
                case .noConnection:
                    kafka.inject(.closeBeforeWork, on: .apiVersions, times: nil)
                    kafka.inject(.closeBeforeWork, on: .produce)
                case .noID: kafka.inject(.fail(.coordinatorLoadInProgress), on: .initProducerId, times: nil)
                case .silent: kafka.inject(.dropAnswer, on: .produce, times: nil)
                }
                let start = self.clock.now
                let thrown = await #expect(throws: KafkaError.self) { try await producer.send(self.record) }
                #expect(self.clock.now - start == .seconds(4))
                let error = try #require(thrown)
                #expect(error.code == .deliveryTimedOut)
                #expect(error.message.contains("deliveryTimeout"))
                switch obstacle {
                case .refused: #expect(error.brokerCode == .notEnoughReplicas)
                case .noID: #expect(error.brokerCode == .coordinatorLoadInProgress)
                case .noConnection, .silent: #expect(error.brokerCode == nil)
                }
                let server = try #require(kafka.bootstrapServers.first)
                #expect(error.broker?.contains(server) == true, "\(error)")
                #expect(self.attempts(in: error) > 1, "\(error)")
                #expect(error.underlyingError is KafkaError)
                kafka.removeFaults()
            }
        }
    }

    @Test func failuresOfAFormerLeaderAreNotTheReasonWhileThereIsNone() async throws {
        var rig = AccumulatorRig()
        rig.append()
        rig.flush()
        for request in rig.pump() { rig.answer(request, .notEnoughReplicas) }
        rig.lead("t", [nil], epoch: 1)
        rig.now = rig.now + .seconds(121)
        rig.note(rig.accumulator.expire(now: rig.now))
        let error = try #require(rig.decided.ended.first?.result.error)
        #expect(error.message.contains("no leader"))
        #expect(error.brokerCode == nil)
        #expect(error.underlyingError == nil)
    }

    @Test func theErrorOfAFullBufferNamesTheFailedAttempts() async throws {
        var rig = AccumulatorRig()
        rig.append()
        rig.flush()
        for _ in 0..<3 {
            for request in rig.pump() { rig.answer(request, .notEnoughReplicas) }
            rig.endBackoffs()
        }
        rig.now = rig.now + .seconds(2)
        let text = rig.accumulator.fullBufferCause(now: rig.now)
        #expect(text.contains("NOT_ENOUGH_REPLICAS") && text.contains("The last of 3 attempts in 2 s"), "\(text)")
    }

    @Test func theErrorAfterTheCloseTimeoutNamesTheReasonToo() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.notEnoughReplicas), on: .produce, times: nil)
            var configuration = self.configuration(kafka)
            configuration.closeTimeout = .seconds(2)
            let delivery = Lock<Delivery?>(nil)
            let start = self.clock.now
            _ = try? await KafkaProducer.withProducer(configuration) { producer in
                let enqueued = try await producer.enqueue(self.record)
                delivery.withLock { $0 = enqueued }
            }
            #expect(self.clock.now - start == .seconds(2))
            let enqueued = try #require(delivery.withLock { $0 })
            let error = await #expect(throws: KafkaError.self) { try await enqueued.metadata }
            #expect(error?.code == .closed)
            #expect(error?.message.contains("closeTimeout") == true)
            #expect(error?.brokerCode == .notEnoughReplicas, "\(String(describing: error))")
            #expect(error?.message.contains("The last of ") == true, "\(String(describing: error))")
        }
    }
}
