// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The result of one attempt to store a batch, as far as its partition's queue needs to know.
enum ProduceAnswer: Hashable {
    case stored
    /// The broker detected a duplicate: an earlier attempt was stored, at an offset that the broker doesn't return.
    case alreadyStored
    /// The sequence doesn't follow the last one that the broker has.
    case outOfOrder
    /// The broker has no state for this producer: retention removed all of its records, or the log was lost.
    case unknownProducer
    /// The broker has a newer epoch of this producer.
    case staleEpoch
    /// The batch is larger than the broker accepts.
    case tooLarge
    /// Not stored, and a retry can't succeed.
    case refused
    /// Not stored by this attempt. A retry may succeed.
    case refusedForNow
    /// Possibly stored by this attempt. A retry resolves the uncertainty.
    case uncertain
    /// Possibly stored by this attempt. A retry can't resolve the uncertainty.
    case failedUncertainly

    /// Classifies a broker's error code.
    ///
    /// An error means that nothing was stored only if brokers check for it before they append. `NOT_LEADER_OR_FOLLOWER`
    /// and similar codes may also answer a request that waits for replicas of appended records when the leader changes.
    init(_ code: ErrorCode) {
        switch code {
        case .none:
            self = .stored
        case .duplicateSequenceNumber:
            self = .alreadyStored
        case .outOfOrderSequenceNumber:
            self = .outOfOrder
        case .unknownProducerId:
            self = .unknownProducer
        case .invalidProducerEpoch, .producerFenced:
            self = .staleEpoch
        case .messageTooLarge, .recordListTooLarge:
            self = .tooLarge
        case .corruptMessage, .notEnoughReplicas, .throttlingQuotaExceeded, .concurrentTransactions:
            self = .refusedForNow
        case .topicAuthorizationFailed, .clusterAuthorizationFailed, .transactionalIdAuthorizationFailed,
            .invalidTopicException, .invalidRequiredAcks, .invalidTimestamp, .invalidRecord, .policyViolation,
            .unsupportedForMessageFormat, .unsupportedCompressionType, .unsupportedVersion, .invalidRequest,
            .invalidTxnState,
            .transactionAbortable, .invalidProducerIdMapping:
            self = .refused
        default:
            self = code.isRetriable ? .uncertain : .failedUncertainly
        }
    }

    /// Whether the broker that was asked may no longer be the leader.
    static func meansStaleMetadata(_ code: ErrorCode) -> Bool {
        switch code {
        case .notLeaderOrFollower, .leaderNotAvailable, .unknownTopicOrPartition, .unknownTopicId,
            .kafkaStorageError, .replicaNotAvailable, .fencedLeaderEpoch, .unknownLeaderEpoch, .networkException,
            .inconsistentTopicId:
            true
        default:
            false
        }
    }
}
