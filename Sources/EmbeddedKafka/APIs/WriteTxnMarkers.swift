// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

enum WriteTxnMarkersEndpoint: Endpoint {
    static let name = "WriteTxnMarkers"

    /// Besides brokers, administrators send it to abort hanging transactions (KIP-664).
    static func access(_ request: WriteTxnMarkersRequest) -> Access { .byItem }

    static func handle(_ request: WriteTxnMarkersRequest, _ call: Call) {
        guard call.permits(.alter, .cluster) || call.permits(.clusterAction, .cluster) else {
            return self.fail(request, .clusterAuthorizationFailed, call)
        }
        self.answer(request, call) { marker, place throws(BrokerError) in
            if place.topic != OffsetsTopic.name {
                guard let partition = call.cluster.topic(place.topic)?.partition(place.partition) else {
                    throw BrokerError(.unknownTopicOrPartition)
                }
                if let refusal = partition.refusal(at: call.broker.id, currentLeaderEpoch: -1, fromLeaderOnly: true) {
                    throw BrokerError(refusal)
                }
            }
            try call.cluster.transactions.write(
                isCommit: marker.transactionResult, producer: .init(id: marker.producerId, epoch: marker.producerEpoch),
                bumpsEpoch: marker.transactionVersion >= 2, coordinatorEpoch: marker.coordinatorEpoch, to: place)
        }
    }

    private static func answer(
        _ request: WriteTxnMarkersRequest, _ call: Call,
        _ write: (WriteTxnMarkersRequest.WritableTxnMarker, TransactionalIDState.Place) throws(BrokerError) -> Void
    ) {
        var response = WriteTxnMarkersResponse()
        for marker in request.markers {
            var result = WriteTxnMarkersResponse.WritableTxnMarkerResult()
            result.producerId = marker.producerId
            for topic in marker.topics {
                var topicResult = WriteTxnMarkersResponse.WritableTxnMarkerTopicResult()
                topicResult.name = topic.name
                for index in topic.partitionIndexes {
                    var part = WriteTxnMarkersResponse.WritableTxnMarkerPartitionResult()
                    part.partitionIndex = index
                    do throws(BrokerError) {
                        try write(marker, .init(topic: topic.name, partition: index))
                    } catch {
                        part.errorCode = error.code
                    }
                    topicResult.partitions.append(part)
                }
                result.topics.append(topicResult)
            }
            response.markers.append(result)
        }
        call.answer(response)
    }

    static func fail(_ request: WriteTxnMarkersRequest, _ error: ErrorCode, _ call: Call) {
        self.answer(request, call) { _, _ throws(BrokerError) in throw BrokerError(error) }
    }
}
