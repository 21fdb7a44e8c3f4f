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

/// A producer with faults loses no acknowledged record, stores none twice, and keeps their order.
@Suite(.timeLimit(.minutes(2))) struct ProducerFaultTests {
    private let clock = TestClock()
    private func record(_ number: Int) -> ProducerRecord { ProducerRecord(topic: "t", value: "\(number)") }

    /// Sends each record in a batch of its own, with several in flight, and returns the results.
    private func produce(
        _ count: Int, _ kafka: EmbeddedKafka, _ change: (inout ProducerConfiguration) -> Void = { _ in }
    ) async throws -> [Result<RecordMetadata, KafkaError>] {
        let configuration = kafka.producing {
            $0.batchSize = 1024
            change(&$0)
        }
        return try await KafkaProducer.withProducer(configuration) { producer in
            await producer.send((0..<count).map { self.record($0) })
        }
    }

    // MARK: Lost connections and answers

    @Test(arguments: [
        EmbeddedKafka.Fault.closeBeforeWork, .closeAfterWork, .garbage, .cut(after: 7), .raw([0xff, 0xff, 0xff, 0xff]),
    ])
    func aBrokenConnectionLosesAndDuplicatesNothing(_ fault: EmbeddedKafka.Fault) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            let faults = kafka.inject(fault, on: .produce, times: 3)
            let results = try await self.produce(2000, kafka)
            #expect(results.allSatisfy { (try? $0.get()) != nil })
            let values = try await kafka.values("t")
            #expect(values == (0..<2000).map { "\($0)" })
            #expect(faults.hits == 3)
        }
    }

    @Test func aLostAnswerLeadsToARetryAfterTheRequestTimeout() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.dropAnswer, on: .produce)
            let results = try await self.produce(500, kafka) { $0.cluster.requestTimeout = .milliseconds(200) }
            #expect(results.allSatisfy { (try? $0.get()) != nil })
            let values = try await kafka.values("t")
            #expect(values == (0..<500).map { "\($0)" })
        }
    }

    @Test func withoutIdempotenceALostAnswerMayDuplicateRecords() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.closeAfterWork, on: .produce)
            _ = try await self.produce(1, kafka) { $0.enableIdempotence = false }
            let values = try await kafka.values("t")
            #expect(values == ["0", "0"], "idempotence prevents this; without it, the other tests prove nothing")
        }
    }

    // MARK: Errors of the broker

    @Test(arguments: [
        ErrorCode.corruptMessage, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower, .requestTimedOut,
        .networkException, .notEnoughReplicas, .notEnoughReplicasAfterAppend, .kafkaStorageError, .unknownTopicId,
        .throttlingQuotaExceeded,
    ])
    func retriableErrorsAreRetried(_ code: ErrorCode) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(code), on: .produce, times: 2)
            let results = try await self.produce(500, kafka)
            #expect(results.allSatisfy { (try? $0.get()) != nil })
            let values = try await kafka.values("t")
            #expect(values == (0..<500).map { "\($0)" })
        }
    }

    @Test(arguments: [
        (ErrorCode.topicAuthorizationFailed, KafkaError.Code.authorizationFailed),
        (.clusterAuthorizationFailed, .authorizationFailed), (.invalidTopicException, .invalidArgument),
        (.invalidTimestamp, .brokerError), (.unsupportedCompressionType, .brokerError),
        (.policyViolation, .brokerError),
    ])
    func rejectionsAreKnownFailuresAndNotFatal(_ code: ErrorCode, _ expected: KafkaError.Code) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(self.record(0))
                kafka.inject(.fail(code), on: .produce)
                await #expect {
                    try await producer.send(self.record(1))
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.code == expected && error.brokerCode == code && !error.isOutcomeUnknown
                        && error.topic == "t" && error.partition == 0
                }
                // With aiokafka, every batch after a failed one fails with OUT_OF_ORDER_SEQUENCE_NUMBER.
                let next = try await producer.send(self.record(2))
                #expect(next.offset == 1)
            }
            let epochs = try await kafka.stored("t").map(\.producerEpoch)
            #expect(epochs == [0, 0], "the sequence of the rejected record was reused")
        }
    }

    @Test func errorsThatMayFollowTheAppendAreUnknownOutcomes() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                for code in [ErrorCode.unknownServerError, ErrorCode(rawValue: 12345)] {
                    kafka.inject(.fail(code), on: .produce)
                    await #expect {
                        try await producer.send(self.record(0))
                    } throws: {
                        ($0 as? KafkaError)?.isOutcomeUnknown == true
                    }
                }
                let next = try await producer.send(self.record(1))
                #expect(next.offset == 0)
            }
        }
    }

    /// The batches after a failed one are rejected as out of order, and sent again under the next epoch (KIP-360).
    @Test func batchesAfterARejectedOneAreStored() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing { $0.batchSize = 1024 }) { producer in
                _ = try await producer.send(self.record(-1))
                let hold = EmbeddedKafka.Hold()
                kafka.inject(.hold(hold), on: .produce)
                var deliveries: [Delivery] = []
                for number in 0..<400 { deliveries.append(try await producer.enqueue(self.record(number))) }
                await hold.untilHeld()
                kafka.inject(.fail(.policyViolation), on: .produce)
                hold.release()
                var failed: [Int] = []
                for (number, delivery) in deliveries.enumerated() {
                    do { _ = try await delivery.metadata } catch { failed.append(number) }
                }
                #expect(!failed.isEmpty)
                #expect(failed.count < 200)
                let values = try await kafka.values("t")
                #expect(values == ["-1"] + (0..<400).filter { !failed.contains($0) }.map { "\($0)" })
            }
        }
    }

    @Test func aDuplicateIsASuccessWithoutAnOffset() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                kafka.inject(.fail(.duplicateSequenceNumber), on: .produce)
                let metadata = try await producer.send(self.record(0))
                #expect(metadata.offset == nil)
            }
        }
    }

    @Test(arguments: [ErrorCode.outOfOrderSequenceNumber, .unknownProducerId])
    func aBrokerWithoutTheProducersStateGetsANewEpoch(_ code: ErrorCode) async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(self.record(0))
                kafka.inject(.fail(code), on: .produce)
                let metadata = try await producer.send(self.record(1))
                #expect(metadata.offset == 1)
            }
            let epochs = try await kafka.stored("t").map(\.producerEpoch)
            #expect(epochs == [0, 1])
        }
    }

    @Test func aFencedEpochLeadsToANewProducerID() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            try await KafkaProducer.withProducer(kafka.producing()) { producer in
                _ = try await producer.send(self.record(0))
                kafka.inject(.fail(.invalidProducerEpoch), on: .produce)
                let metadata = try await producer.send(self.record(1))
                #expect(metadata.offset == 1)
            }
            #expect(kafka.requests.count { $0.api == .initProducerId } == 2)
        }
    }

    @Test func recordsNamedByTheBrokerFailWithTheirOwnErrors() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.answer(ProduceRequest.self) { request, _ in
                var culprit = ProduceResponse.BatchIndexAndErrorMessage()
                culprit.batchIndex = 1
                culprit.batchIndexErrorMessage = "it has no key"
                var partition = ProduceResponse.PartitionProduceResponse()
                partition.errorCode = .invalidRecord
                partition.baseOffset = -1
                partition.recordErrors = [culprit]
                partition.errorMessage = "one is bad"
                var topic = ProduceResponse.TopicProduceResponse()
                topic.name = request.topicData.first?.name ?? ""
                topic.topicId = request.topicData.first?.topicId ?? .zero
                topic.partitionResponses = [partition]
                var response = ProduceResponse()
                response.responses = [topic]
                return response
            }
            try await KafkaProducer.withProducer(kafka.producing { $0.linger = .milliseconds(500) }) { producer in
                let results = await producer.send((0..<3).map { self.record($0) })
                for (index, result) in results.enumerated() {
                    guard case .failure(let error) = result else {
                        Issue.record("record \(index) was acknowledged")
                        continue
                    }
                    #expect(error.brokerCode == .invalidRecord)
                    #expect(!error.isOutcomeUnknown)
                    #expect(error.isRetriable == (index != 1))
                    #expect(error.message.contains("it has no key") == (index == 1))
                }
            }
        }
    }

    // MARK: Oversized batches

    @Test func batchesThatAreTooLargeForTheTopicAreSplit() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", configuration: ["max.message.bytes": "500"])
            let results = try await self.produce(1000, kafka) { $0.batchSize = 4096 }
            #expect(results.map { (try? $0.get())?.offset } == (0..<1000).map { $0 })
            let values = try await kafka.values("t")
            #expect(values == (0..<1000).map { "\($0)" })
        }
    }

    @Test func aSingleOversizedRecordFailsAndTheOthersDoNot() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t", configuration: ["max.message.bytes": "500"])
            try await KafkaProducer.withProducer(kafka.producing { $0.linger = .milliseconds(20) }) { producer in
                var records = (0..<20).map { self.record($0) }
                records[7].value = Bytes(repeatElement(UInt8(1), count: 600))
                let results = await producer.send(records)
                for (index, result) in results.enumerated() {
                    switch result {
                    case .success: #expect(index != 7)
                    case .failure(let error):
                        #expect(index == 7)
                        #expect(error.code == .recordTooLarge)
                        #expect(!error.isOutcomeUnknown)
                    }
                }
            }
            let values = try await kafka.values("t")
            #expect(values == (0..<20).filter { $0 != 7 }.map { "\($0)" })
        }
    }

    // MARK: Time

    @Test func aRecordThatWasSentAndNotAnsweredHasAnUnknownOutcome() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.dropAnswer, on: .produce, times: nil)
            let configuration = kafka.producing {
                $0.cluster.requestTimeout = .milliseconds(500)
                $0.deliveryTimeout = .seconds(4)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                await #expect {
                    try await producer.send(self.record(0))
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.code == .deliveryTimedOut && error.isOutcomeUnknown
                }
                kafka.removeFaults()
                _ = try await producer.send(self.record(1))
            }
            let values = try await kafka.values("t")
            #expect(values == ["0", "1"])
        }
    }

    @Test func aRecordThatWasNeverSentIsAKnownFailure() async throws {
        try await self.clock.withBroker { kafka in
            try await kafka.createTopic("t")
            let log = KeptLog(minimum: .trace)
            let configuration = kafka.producing {
                $0.cluster.requestTimeout = .milliseconds(500)
                $0.cluster.metadataMaxAge = .milliseconds(50)
                $0.cluster.log = log
                $0.deliveryTimeout = .seconds(4)
            }
            try await KafkaProducer.withProducer(configuration) { producer in
                _ = try await producer.send(self.record(0))
                try await kafka.stopBroker(1)
                // The producer has noticed, so nothing is sent on the old connection.
                try await self.clock.until { log.count(beginning: "A connection could not be made") > 0 }
                await #expect {
                    try await producer.send(self.record(1))
                } throws: {
                    guard let error = $0 as? KafkaError else { return false }
                    return error.code == .deliveryTimedOut && !error.isOutcomeUnknown
                }
                try await kafka.startBroker(1)
                // With aiokafka, the expired record has consumed a sequence number.
                let metadata = try await producer.send(self.record(2))
                #expect(metadata.offset == 1)
            }
            let epochs = try await kafka.stored("t").map(\.producerEpoch)
            #expect(epochs == [0, 0])
        }
    }

    // MARK: Identity

    @Test func implausibleNumbersAreNotTrusted() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.rewrite(MetadataRequest.self, times: nil) { _, _, response in
                for topic in response.topics.indices {
                    for index in [-1, .max] as [Int32] {
                        var partition = MetadataResponse.MetadataResponsePartition()
                        partition.partitionIndex = index
                        partition.leaderId = 1
                        response.topics[topic].partitions.append(partition)
                    }
                }
            }
            kafka.rewrite(ProduceRequest.self, times: nil) { _, _, response in
                response.responses[0].partitionResponses[0].baseOffset = .max
            }
            try await KafkaProducer.withProducer(kafka.producing { $0.linger = .seconds(60) }) { producer in
                let partitions = try await producer.partitions(of: "t")
                #expect(partitions == [0])
                let deliveries = [
                    try await producer.enqueue(self.record(0)), try await producer.enqueue(self.record(1)),
                ]
                try await producer.flush()
                for delivery in deliveries {
                    let offset = try await delivery.metadata.offset
                    #expect(offset == nil)
                }
            }
        }
    }

    @Test func aRefusedIdentityFailsAllRecordsWithAdvice() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            try await kafka.createTopic("t")
            kafka.inject(.fail(.clusterAuthorizationFailed), on: .initProducerId, times: nil)
            await #expect {
                try await KafkaProducer.withProducer(kafka.producing()) { producer in
                    try await producer.send(self.record(0))
                }
            } throws: {
                guard let error = $0 as? KafkaError else { return false }
                return error.code == .authorizationFailed && !error.isFatal
                    && error.message.contains("enableIdempotence")
            }
        }
    }

    @Test func closingBeforeThereIsAnIdentityIsNoError() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            let log = KeptLog(minimum: .trace)
            let hold = EmbeddedKafka.Hold()
            kafka.inject(.hold(hold), on: .initProducerId)
            try await KafkaProducer.withProducer(kafka.producing { $0.cluster.log = log }) { _ in
                await hold.untilHeld()
            }
            #expect(log.count(beginning: "The producer ") == 0, "\(log.lines)")
            hold.release()
        }
    }

    @Test func anIdentityThatIsNotReadyIsRequestedAgain() async throws {
        try await EmbeddedKafka.withBroker { kafka in
            kafka.inject(.fail(.coordinatorLoadInProgress), on: .initProducerId, times: 3)
            let results = try await self.produce(10, kafka)
            #expect(results.allSatisfy { (try? $0.get()) != nil })
        }
    }
}
