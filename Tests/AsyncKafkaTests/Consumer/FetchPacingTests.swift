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

/// When fetches are sent: immediately if a reader waits for the records, but never in a tight loop.
@Suite(.timeLimit(.minutes(1))) struct FetchPacingTests {
    private let clock = TestClock()
    private let partition = TopicPartition("t", 0)

    /// Brokers may wait for half a minute before they return an empty answer.
    private func patient(_ kafka: EmbeddedKafka) -> ConsumerConfiguration {
        var configuration = kafka.consuming()
        configuration.fetchMaxWait = .seconds(29)
        return configuration
    }

    @Test func skippingDamagedBatchesDoesNotWaitForTheFetchInFlight() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            var batches = [try LogBatch.records(["v0"], at: 0)]
            for offset in 1..<6 { batches.append(LogBatch.damaged(try LogBatch.records(["no"], at: Int64(offset)))) }
            try await kafka.store(batches + [try LogBatch.records(["v6"], at: 6)], in: "t")
            try await KafkaConsumer.withConsumer(self.patient(kafka), assigned: [self.partition]) { consumer in
                // At the end of the log, the broker is asked for later records.
                let start = self.clock.now
                var texts: [String] = []
                while texts.last != "v6" {
                    do {
                        for try await record in consumer.records {
                            texts.append(record.text)
                            if record.text == "v6" { break }
                        }
                    } catch {
                        let position = try await consumer.position(of: self.partition)
                        try await consumer.seek(self.partition, to: .offset(position + 1))
                    }
                }
                #expect(texts == ["v0", "v6"])
                #expect(self.clock.now - start < .milliseconds(500), "\(self.clock.now - start)")
            }
        }
    }

    @Test func aSeekOrResumeDoesNotWaitForTheFetchInFlight() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t", partitions: 2)
            try await kafka.fill("t", 3)
            try await kafka.fill("t", partition: 1, 1, prefix: "other")
            let other = TopicPartition("t", 1)
            let consumer = try KafkaConsumer(self.patient(kafka))
            try consumer.assign([self.partition, other])
            let run = Task { try await consumer.run() }
            var read: [String] = []
            while read.count < 4 { read += try await consumer.poll(timeout: .seconds(20)).map(\.text) }
            // The reader is at the end of both partitions, and the broker waits for records.
            await kafka.untilRequests(of: .fetch, count: 2)
            for target in [
                KafkaConsumer.SeekTarget.offset(1), .beginning, .timestamp(Timestamp(millisecondsSince1970: 1)),
            ] {
                let start = self.clock.now
                try await consumer.seek(self.partition, to: target)
                let again = try await consumer.poll(timeout: .seconds(20))
                #expect(self.clock.now - start < .milliseconds(500), "\(self.clock.now - start)")
                #expect(again.last?.text == "v2", "\(target)")
            }
            try consumer.pause([other])
            try await kafka.fill("t", partition: 1, 1, prefix: "more")
            let nothing = try await consumer.poll(timeout: .milliseconds(300))
            #expect(nothing.isEmpty)
            try consumer.resume([other])
            let more = try await consumer.poll(timeout: .seconds(20))
            #expect(more.map(\.text) == ["more0"])
            run.cancel()
            try await run.value
        }
    }

    @Test func immediateEmptyAnswersDoNotCauseASpin() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 2)
            let log = KeptLog(minimum: .warning)
            var configuration = kafka.consuming()
            configuration.fetchMaxWait = .milliseconds(500)
            configuration.cluster.log = log
            let fault = kafka.answer(FetchRequest.self, times: nil) { request, _ in
                var response = FetchResponse()
                response.responses = request.topics.map { topic in
                    var answer = FetchResponse.FetchableTopicResponse()
                    answer.topic = topic.topic
                    answer.topicId = topic.topicId
                    answer.partitions = topic.partitions.map { partition in
                        var data = FetchResponse.PartitionData()
                        data.partitionIndex = partition.partition
                        data.highWatermark = 2
                        data.records = []
                        return data
                    }
                    return answer
                }
                return response
            }
            try await KafkaConsumer.withConsumer(configuration, assigned: [self.partition]) { consumer in
                let nothing = try await consumer.poll(timeout: .seconds(3))
                #expect(nothing.isEmpty)
                let asked = kafka.requests.count { $0.api == .fetch }
                #expect(asked < 60)
                #expect(log.lines.count { $0.contains("at once") } == 1, "\(log.lines)")
                fault.remove()
                let records = try await consumer.poll(timeout: .seconds(20))
                #expect(records.count == 2)
            }
        }
    }

    /// Expects no records while there are faults, without a tight loop of requests, and two records after they are
    /// removed.
    private func readsWithoutSpinning(_ kafka: EmbeddedKafka) async throws {
        try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
            let nothing = try await consumer.poll(timeout: .seconds(3))
            #expect(nothing.isEmpty)
            let asked = kafka.requests.count { $0.api == .fetch }
            #expect(asked < 200)
            kafka.removeFaults()
            let records = try await consumer.poll(timeout: .seconds(20))
            #expect(records.count == 2)
        }
    }

    @Test func replicasThatRedirectToEachOtherDoNotCauseASpin() async throws {
        try await self.clock.withCluster(brokers: 2) { kafka in
            try await kafka.createTopic("t", replicationFactor: 2)
            try await kafka.fill("t", 2)
            for broker in 1...2 {
                kafka.rewrite(FetchRequest.self, broker: broker, times: nil) { _, _, response in
                    for topic in response.responses.indices {
                        response.responses[topic].partitions[0].errorCode = .none
                        response.responses[topic].partitions[0].records = []
                        response.responses[topic].partitions[0].preferredReadReplica = Int32(3 - broker)
                    }
                }
            }
            try await self.readsWithoutSpinning(kafka)
        }
    }

    @Test func aPositionThatStaysOutOfRangeDoesNotCauseASpin() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 2)
            kafka.inject(.fail(.offsetOutOfRange), on: .fetch, times: nil)
            try await self.readsWithoutSpinning(kafka)
        }
    }

    @Test(arguments: [-1, -2, -5] as [Int64])
    func aNegativeTimestampIsRefusedInsteadOfMeaningTheEnd(milliseconds: Int64) async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            try await kafka.fill("t", 3)
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                let time = Timestamp(millisecondsSince1970: milliseconds)
                let failure = await #expect(throws: KafkaError.self) {
                    try await consumer.seek(self.partition, to: .timestamp(time))
                }
                #expect(failure?.code == .invalidArgument)
                let position = try await consumer.position(of: self.partition)
                #expect(position == 0)
            }
        }
    }

    @Test func aRecordWithoutATimestampIsReadAndForwardedWithoutOne() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let none = Timestamp(millisecondsSince1970: -1)
            try await KafkaProducer.withProducer(ProducerConfiguration(kafka.clientConfiguration)) { producer in
                for time in [none, Timestamp(millisecondsSince1970: 1000), none] {
                    let metadata = try await producer.send(ProducerRecord(topic: "t", value: "x", timestamp: time))
                    #expect(metadata.timestamp == time)
                }
                let failure = await #expect(throws: KafkaError.self) {
                    _ = try await producer.send(
                        ProducerRecord(topic: "t", value: "x", timestamp: Timestamp(millisecondsSince1970: -2)))
                }
                #expect(failure?.code == .invalidArgument)
            }
            try await KafkaConsumer.withConsumer(kafka.consuming(), assigned: [self.partition]) { consumer in
                var times: [Int64] = []
                for try await record in consumer.records {
                    times.append(record.timestamp.millisecondsSince1970)
                    if times.count == 3 { break }
                }
                #expect(times == [-1, 1000, -1])
            }
        }
    }
}
