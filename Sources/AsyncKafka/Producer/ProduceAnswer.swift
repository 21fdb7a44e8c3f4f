// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// What became of one attempt to have a batch stored, as far as the batch's partition must know.
enum ProduceAnswer: Hashable {
    case stored
    /// The broker has seen it before: an earlier attempt was stored, but where is not said.
    case alreadyStored
    /// Its sequence is not the one that follows what the broker has.
    case outOfOrder
    /// The broker knows nothing of this producer: retention removed all it wrote, or the log was lost.
    case unknownProducer
    /// The broker has a newer epoch of this producer.
    case staleEpoch
    /// The batch is larger than the broker takes.
    case tooLarge
    /// Not stored, and never will be.
    case refused
    /// Not stored by this attempt; another one may succeed.
    case refusedForNow
    /// Perhaps stored by this attempt; another one tells.
    case uncertain
    /// Perhaps stored by this attempt, and another one won't tell.
    case failedUncertainly

    /// Classifies a broker's code.
    ///
    /// An error says that nothing was stored only if brokers check for it before they append. `NOT_LEADER_OR_FOLLOWER` and
    /// its like also come to those who wait for replicas of what is appended already, when the leader changes.
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
        case .corruptMessage, .notEnoughReplicas, .throttlingQuotaExceeded:
            self = .refusedForNow
        case .topicAuthorizationFailed, .clusterAuthorizationFailed, .transactionalIdAuthorizationFailed,
            .invalidTopicException, .invalidRequiredAcks, .invalidTimestamp, .invalidRecord, .policyViolation,
            .unsupportedForMessageFormat, .unsupportedCompressionType, .unsupportedVersion, .invalidRequest:
            self = .refused
        default:
            self = code.isRetriable ? .uncertain : .failedUncertainly
        }
    }

    /// Whether the leader that was asked may not be the leader any more.
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
