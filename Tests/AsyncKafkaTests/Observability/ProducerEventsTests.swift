// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0
import EmbeddedKafka
import Foundation
import KafkaMemory
import KafkaProtocol
import KafkaTestSupport
import KafkaTransport
import Testing

@testable import AsyncKafka

/// The events of a producer, with exact figures.
@Suite(.timeLimit(.minutes(1)))
struct ProducerEventsTests {
    private let clock = TestClock()
    private let kept = KeptEvents()

    private func configuration(_ kafka: EmbeddedKafka) -> ProducerConfiguration {
        var configuration = ProducerConfiguration(KafkaClientConfiguration(bootstrapServers: kafka.bootstrapServers))
        configuration.cluster.clock = self.clock.loopClock
        configuration.cluster.observer = self.kept
        configuration.cluster.log = SilentLog()
        configuration.linger = .milliseconds(40)
        return configuration
    }

    @Test func aBatchReportsItsContentsAndItsWaitingTime() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            var configuration = self.configuration(kafka)
            configuration.compression = .gzip
            let hold = EmbeddedKafka.Hold()
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", partition: 0, value: "first"))
                kafka.inject(.holdAnswer(hold), on: .produce)
                let value = Bytes(repeatElement(7, count: 1000))
                var deliveries: [Delivery] = []
                for _ in 0..<10 {
                    deliveries.append(
                        try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: value)))
                }
                await hold.untilHeld()
                try await self.clock.sleep(for: .seconds(3))
                hold.release()
                for delivery in deliveries { _ = try await delivery.metadata }
            }
            let sent = try #require(self.kept.batchesSent.last)
            #expect(self.kept.batchesSent.map(\.records) == [1, 10])
            #expect(sent.waited == .milliseconds(40))
            #expect(sent.topicPartition == TopicPartition("t", 0))
            #expect(sent.uncompressedBytes > 10_000 && sent.bytes < 1000)
            let request = try #require(kafka.requests.last { $0.api == .produce })
            #expect(sent.bytes < request.byteCount && sent.bytes > request.byteCount - 100)
            let stored = self.kept.batchesAcknowledged
            #expect(stored.map(\.records) == [1, 10])
            #expect(stored.map(\.baseOffset) == [0, 1])
            #expect(stored.last?.duration == .milliseconds(3040))
            #expect(self.kept.batchesFailed.isEmpty)
        }
    }

    @Test func aBatchWithoutADeadlineTellsHowOldItIs() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            var configuration = self.configuration(kafka)
            configuration.deliveryTimeout = .seconds(Int64.max)
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "first"))
                _ = try await producer.send(ProducerRecord(topic: "t", value: "second"))
            }
            #expect(self.kept.batchesSent.last?.waited == .milliseconds(40))
            #expect(self.kept.batchesAcknowledged.last?.duration == .milliseconds(40))
        }
    }

    /// Sending takes time: batches are compressed, and an observer or a log may be slow.
    @Test func allThatAnAnswerEndsHasEndedBeforeMoreIsSent() async throws {
        try await self.clock.withCluster(EmbeddedKafka.Configuration()) { kafka in
            try await kafka.createTopic("t", partitions: 3)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.holdAnswer(hold), on: .produce)
            try await KafkaProducer.withProducer(self.configuration(kafka)) { producer in
                _ = try await producer.partitions(of: "t")
                var deliveries: [Delivery] = []
                for round in 0..<2 {
                    for partition in 0..<3 as Range<Int32> {
                        deliveries.append(
                            try await producer.enqueue(ProducerRecord(topic: "t", partition: partition, value: "x")))
                    }
                    if round == 0 { await hold.untilHeld() }
                }
                // The linger of the second round ends.
                try await self.clock.sleep(for: .seconds(1))
                hold.release()
                for delivery in deliveries { _ = try await delivery.metadata }
            }
            let order = self.kept.all { event -> String? in
                switch event {
                case .batchSent: "sent"
                case .batchAcknowledged: "acknowledged"
                default: nil
                }
            }
            let round = Array(repeating: "sent", count: 3) + Array(repeating: "acknowledged", count: 3)
            #expect(order == round + round)
        }
    }

    /// A thread that sends may take long: it compresses, and an observer or a log may be slow.
    @Test func aThreadThatSendsToOneBrokerKeepsNoOtherFromItsRecords() async throws {
        try await EmbeddedKafka.withCluster(EmbeddedKafka.Configuration(brokers: 2)) { kafka in
            try await kafka.createTopic("t", partitions: 4)
            let gate = Gate { if case .batchSent(let sent) = $0 { sent.topicPartition.partition == 0 } else { false } }
            defer { gate.open() }
            let configuration = kafka.producing {
                $0.cluster.observer = gate
                $0.linger = .seconds(3600)
                $0.deliveryTimeout = .seconds(7200)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                for partition in 0..<4 as Range<Int32> {
                    try await producer.enqueue(ProducerRecord(topic: "t", partition: partition, value: "first"))
                }
                try await producer.flush()
                let topic = try #require(producer.sender.cluster.metadata.topics["t"])
                let leaders = (0..<4 as Range<Int32>).map { topic.partition($0)?.leader }
                let others = (1..<4 as Range<Int32>).filter { leaders[Int($0)] != leaders[0] }
                try #require(others.count == 2)
                gate.close()
                try await producer.enqueue(ProducerRecord(topic: "t", partition: 0, value: "second"))
                try await producer.enqueue(ProducerRecord(topic: "t", partition: others[0], value: "second"))
                let flush = { @Sendable in
                    var actions: [RecordAccumulator.Action] = []
                    _ = producer.sender.accumulator.withLock { $0.flush(&actions) }
                    producer.sender.perform(actions)
                }
                Thread.detachNewThread(flush)
                try await gate.untilEntered()
                let delivery = try await producer.enqueue(
                    ProducerRecord(topic: "t", partition: others[1], value: "second"))
                flush()
                #expect(try await delivery.metadata.offset == 1)
                gate.open()
            }
        }
    }

    @Test func aBatchThatFindsItsConnectionClosedIsNotSaidToBeSent() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            var configuration = self.configuration(kafka)
            configuration.linger = .zero
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(ProducerRecord(topic: "t", value: "first"))
                let leader = try #require(producer.sender.cluster.metadata.topics["t"]?.partitions[0].leader)
                let connection = try #require(producer.sender.cluster.connectionIfOpen(to: leader))
                let enqueued = Promise<Delivery>()
                producer.sender.loop.execute {
                    connection.close(KafkaError(.connectionFailed, "It broke.", isRetriable: true))
                    // Before those who have the connection hear of its end.
                    do throws(KafkaError) {
                        enqueued.fulfill(.success(try producer.tryEnqueue(ProducerRecord(topic: "t", value: "second"))))
                    } catch {
                        enqueued.fulfill(.failure(error))
                    }
                }
                _ = try await enqueued.value().metadata
            }
            #expect(self.kept.sent("Produce").count == 2)
            #expect(self.kept.batchesSent.count == 2)
        }
    }

    @Test func aBatchThatIsGivenUpReportsTheReason() async throws {
        try await self.clock.withCluster(brokers: 1) { kafka in
            let configuration = self.configuration(kafka)
            kafka.inject(.fail(.topicAuthorizationFailed), on: .produce)
            await #expect(throws: KafkaError.self) {
                try await KafkaProducer.withProducer(configuration) { producer in
                    _ = try await producer.send(ProducerRecord(topic: "t", value: "x"))
                }
            }
            #expect(self.kept.batchesFailed.map(\.error.brokerCode) == [.topicAuthorizationFailed])
            #expect(self.kept.batchesFailed.map(\.records) == [1])
            #expect(self.kept.batchesAcknowledged.isEmpty)
        }
    }

    @Test func aFullBufferIsReportedOnceAndSoIsTheRoomAfterwards() throws {
        var rig = AccumulatorRig(batchSize: 4096, maxRequestSize: 4096, bufferMemory: 4096, isObserved: true)
        let value = Bytes(repeatElement(1, count: 1000))
        while !rig.append(value).isFull {}
        _ = rig.append(value)
        #expect(rig.decided.buffer.map(\.isFull) == [true])
        let waiting = Promise<Void>()
        let shortage = try #require(rig.append(value).shortage)
        rig.accumulator.waitForRoom(waiting, for: shortage, isFirst: false)
        for request in rig.pump() { rig.answer(request) }
        #expect(rig.decided.wake === waiting)
        #expect(rig.decided.buffer.count == 1, "the room is for the task that waits")
        #expect(rig.append(value, isOffered: true).delivery != nil)
        rig.note(rig.accumulator.offerRoomAgain())
        #expect(rig.decided.buffer.map(\.isFull) == [true, false])
        #expect(rig.decided.buffer.last?.free == rig.accumulator.freeMemory)
        while !rig.append(value).isFull {}
        #expect(rig.decided.buffer.map(\.isFull) == [true, false, true])
        // A task that gives up frees no memory.
        let impatient = Promise<Void>()
        rig.accumulator.waitForRoom(impatient, for: shortage, isFirst: false)
        rig.note(rig.accumulator.stopWaitingForRoom(impatient))
        #expect(rig.decided.buffer.count == 3)
    }

    @Test func noEventIsCreatedWithoutAnObserver() {
        let events = Events(observer: nil)
        func make() -> KafkaEvent {
            Issue.record("an event was made")
            return .bufferFree(KafkaEvent.BufferFree(freeBytes: 0))
        }
        events(make())
        var rig = AccumulatorRig(batchSize: 4096, maxRequestSize: 4096, bufferMemory: 4096)
        while !rig.append(Bytes(repeatElement(1, count: 1000))).isFull {}
        #expect(rig.decided.buffer.isEmpty)
    }
}
