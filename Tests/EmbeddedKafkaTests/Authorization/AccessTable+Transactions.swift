// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

@testable import EmbeddedKafka

/// The requests of transactions, whose transactional ID is "x".
extension AccessTable {
    private static let id = Resource.transactionalID("x")

    static let ofTransactions: [APIKey: [Entry]] = [
        .addPartitionsToTxn: [
            entry(
                .write, id, .transactionalIdAuthorizationFailed, 3,
                make(AddPartitionsToTxnRequest()) { request in
                    request.v3AndBelowTransactionalId = "x"
                    request.v3AndBelowTopics = [
                        make(AddPartitionsToTxnRequest.AddPartitionsToTxnTopic()) { topic in
                            topic.name = "t"
                            topic.partitions = [0]
                        }
                    ]
                }
            ) { response in
                let codes = response.resultsByTopicV3AndBelow.flatMap(\.resultsByPartition).map(\.partitionErrorCode)
                return codes.map { $0 == .topicAuthorizationFailed ? .none : $0 }
            },
            entry(.clusterAction, .cluster, .clusterAuthorizationFailed, 4, AddPartitionsToTxnRequest()) {
                [$0.errorCode]
            },
        ],
        .addOffsetsToTxn: [
            entry(
                .write, id, .transactionalIdAuthorizationFailed, 3,
                make(AddOffsetsToTxnRequest()) { request in
                    request.transactionalId = "x"
                    request.groupId = "g"
                }
            ) { [$0.errorCode == .groupAuthorizationFailed ? .none : $0.errorCode] }
        ],
        .txnOffsetCommit: [
            entry(
                .write, id, .transactionalIdAuthorizationFailed, 3,
                make(TxnOffsetCommitRequest()) { request in
                    request.transactionalId = "x"
                    request.groupId = "g"
                    request.topics = [
                        make(TxnOffsetCommitRequest.TxnOffsetCommitRequestTopic()) { topic in
                            topic.name = "t"
                            topic.partitions = [TxnOffsetCommitRequest.TxnOffsetCommitRequestPartition()]
                        }
                    ]
                }
            ) { response in
                let codes = response.topics.flatMap(\.partitions).map(\.errorCode)
                return codes.map { $0 == .groupAuthorizationFailed ? .none : $0 }
            }
        ],
        .endTxn: [
            entry(
                .write, id, .transactionalIdAuthorizationFailed, 4,
                make(EndTxnRequest()) { $0.transactionalId = "x" }
            ) { [$0.errorCode] }
        ],
        .describeTransactions: [
            entry(
                .describe, id, .transactionalIdAuthorizationFailed, 0,
                make(DescribeTransactionsRequest()) { $0.transactionalIds = ["x"] }
            ) { $0.transactionStates.map(\.errorCode) }
        ],
        .listTransactions: [open(1, ListTransactionsRequest()) { [$0.errorCode] }],
        .describeProducers: [
            entry(
                .read, topic, .topicAuthorizationFailed, 0,
                make(DescribeProducersRequest()) { request in
                    request.topics = [
                        make(DescribeProducersRequest.TopicRequest()) { topic in
                            topic.name = "t"
                            topic.partitionIndexes = [0]
                        }
                    ]
                }
            ) { $0.topics.flatMap(\.partitions).map(\.errorCode) }
        ],
        .writeTxnMarkers: [
            make(
                entry(
                    .clusterAction, .cluster, .clusterAuthorizationFailed, 1,
                    make(WriteTxnMarkersRequest()) { request in
                        request.markers = [
                            make(WriteTxnMarkersRequest.WritableTxnMarker()) { marker in
                                marker.topics = [
                                    make(WriteTxnMarkersRequest.WritableTxnMarkerTopic()) { topic in
                                        topic.name = "t"
                                        topic.partitionIndexes = [0]
                                    }
                                ]
                            }
                        ]
                    }
                ) { $0.markers.flatMap(\.topics).flatMap(\.partitions).map(\.errorCode) }
            ) { $0.alternative = .alter }
        ],
    ]
}
