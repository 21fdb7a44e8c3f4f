// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// Aborts a transaction in one partition by writing the marker that its coordinator would write (KIP-664).
struct AbortTransactionCall: Call {
    typealias Request = WriteTxnMarkersRequest

    let partition: TopicPartition
    var producerID: Int64
    var producerEpoch: Int16
    var coordinatorEpoch: Int32

    var doing: String { "aborting a transaction" }
    /// A repetition could abort the producer's next transaction.
    var isRepeatable: Bool { false }

    func destination(of item: OnlyItem) -> Destination { .leader(self.partition) }

    func request(for items: [OnlyItem], to recipient: Recipient) throws(KafkaError) -> WriteTxnMarkersRequest {
        var topic = WriteTxnMarkersRequest.WritableTxnMarkerTopic()
        topic.name = self.partition.topic
        topic.partitionIndexes = [self.partition.partition]
        var marker = WriteTxnMarkersRequest.WritableTxnMarker()
        marker.producerId = self.producerID
        marker.producerEpoch = self.producerEpoch
        marker.coordinatorEpoch = self.coordinatorEpoch
        marker.transactionResult = false
        marker.topics = [topic]
        var request = WriteTxnMarkersRequest()
        request.markers = [marker]
        return request
    }

    func outcomes(
        of response: WriteTxnMarkersResponse, to items: [OnlyItem], from recipient: Recipient
    ) -> [OnlyItem: CallOutcome<Void>] {
        for marker in response.markers where marker.producerId == self.producerID {
            for topic in marker.topics where topic.name == self.partition.topic {
                for answer in topic.partitions where answer.partitionIndex == self.partition.partition {
                    return [
                        OnlyItem(): answer.errorCode == .none
                            ? .done(()) : self.refused(answer.errorCode, OnlyItem(), by: recipient)
                    ]
                }
            }
        }
        return [:]
    }

    func annotate(_ error: inout KafkaError, about item: OnlyItem) { error.note(self.partition) }
}
