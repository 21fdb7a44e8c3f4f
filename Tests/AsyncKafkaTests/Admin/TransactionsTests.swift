// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import EmbeddedKafka
import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

/// The calls about producers and transactions.
@Suite(.timeLimit(.minutes(1))) struct TransactionsTests {
    private let partition = TopicPartition("t", 2)

    private func recipient(version: Int16) -> Recipient {
        Recipient(broker: Broker(id: 1, host: "a", port: 1), version: version, metadata: .empty)
    }

    @Test func brokersWithoutTheCallsAreErrorsThatNameTheRelease() async throws {
        var configuration = EmbeddedKafka.Configuration()
        configuration.withheldAPIs = [.describeProducers, .describeTransactions, .listTransactions]
        try await TestClock().withCluster(configuration) { kafka in
            var client = kafka.clientConfiguration
            client.log = SilentLog()
            try await kafka.createTopic("t", partitions: 3)
            try await KafkaAdminClient.withAdminClient(client) { admin in
                let producers = await admin.describeProducers([self.partition])[self.partition]?.failure
                let described = await admin.describeTransactions(["x"])["x"]?.failure
                let listed = await #expect(throws: KafkaError.self) { try await admin.listTransactions() }
                let none = try await admin.listTransactions(states: [])
                #expect(none.isEmpty)
                for (error, release) in [(producers, "2.8"), (described, "3.0"), (listed, "3.0")] {
                    #expect(error?.code == .unsupportedVersion)
                    #expect(error?.message.contains("Kafka \(release)") == true, "\(String(describing: error))")
                }
            }
        }
    }

    @Test func filtersThatTheBrokerDoesNotHaveAreErrorsThatNameTheRelease() throws {
        for (call, version, release) in [
            (ListTransactionsCall(minimumAge: .seconds(1)), 0, "3.8"), (ListTransactionsCall(pattern: "a.*"), 1, "4.1"),
        ] as [(ListTransactionsCall, Int16, String)] {
            let error = #expect(throws: KafkaError.self) {
                try call.request(for: [1], to: self.recipient(version: version))
            }
            #expect(error?.code == .unsupportedVersion && error?.message.contains("Kafka \(release)") == true)
            #expect(throws: Never.self) { try call.request(for: [1], to: self.recipient(version: version + 1)) }
        }
        let age = ListTransactionsCall(minimumAge: .seconds(30 * 24 * 3600))
        #expect(try age.request(for: [1], to: self.recipient(version: 2)).durationFilter == 2_592_000_000)
    }

    @Test func theMarkerOfAnAbortNamesTheProducerAndThePartition() throws {
        let call = AbortTransactionCall(
            partition: self.partition, producerID: 7, producerEpoch: 3, coordinatorEpoch: 5)
        let request = try call.request(for: [OnlyItem()], to: self.recipient(version: 2))
        let marker = try #require(request.markers.first)
        #expect(marker.producerId == 7 && marker.producerEpoch == 3 && marker.coordinatorEpoch == 5)
        #expect(!marker.transactionResult)
        #expect(marker.topics.map(\.name) == ["t"] && marker.topics.map(\.partitionIndexes) == [[2]])

        var answer = WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult()
        answer.partitionIndex = 2
        answer.errorCode = .invalidProducerEpoch
        var topic = WriteTxnMarkersResponse.WritableTxnMarkerTopicResult()
        topic.name = "t"
        topic.partitions = [answer]
        var result = WriteTxnMarkersResponse.WritableTxnMarkerResult()
        result.producerId = 7
        result.topics = [topic]
        var response = WriteTxnMarkersResponse()
        response.markers = [result]
        let outcome = call.outcomes(of: response, to: [OnlyItem()], from: self.recipient(version: 2))[OnlyItem()]
        #expect(outcome?.result.failure?.code == .producerFenced)
        #expect(outcome?.result.failure?.partition == 2)
        // An answer about another producer is none, and an abort isn't repeated.
        response.markers[0].producerId = 8
        #expect(call.outcomes(of: response, to: [OnlyItem()], from: self.recipient(version: 2)).isEmpty)
        #expect(!call.isRepeatable)
    }

    @Test func whatIsKnownReadsWell() {
        let state = ProducerState(
            producerID: 1000, producerEpoch: 0, lastSequence: 7, lastTimestamp: Timestamp(millisecondsSince1970: 5),
            transactionStartOffset: 12)
        #expect(
            "\(state)" == "producer 1000, epoch 0, last sequence 7, last timestamp 5 ms, transaction from offset 12")
        let transaction = TransactionDescription(
            transactionalID: "till-7", state: .ongoing, coordinator: Broker(id: 1, host: "a", port: 9092),
            producerID: 1000, producerEpoch: 2, timeout: .seconds(60), startedAt: Timestamp(millisecondsSince1970: 5),
            partitions: [TopicPartition("t", 0), TopicPartition("t", 1)])
        #expect(
            "\(transaction)"
                == "till-7: Ongoing, producer 1000, epoch 2, timeout 60.0 seconds, coordinator a:9092 (id 1), started at 5 ms, partitions t-0…1"
        )
    }
}
