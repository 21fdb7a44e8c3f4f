// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ErrorCode {
    /// Whether a broker that answers with this code may have executed the request nevertheless: it started and doesn't know
    /// the result, or it reports a failure that came afterwards.
    var leavesOutcomeUnknown: Bool {
        switch self {
        case .requestTimedOut, .networkException, .unknownServerError, .notEnoughReplicasAfterAppend: true
        default: false
        }
    }

    /// What a client can do about an error without changing the request.
    enum Remedy: Hashable, Sendable {
        /// Refresh the leader or coordinator, then send the request there.
        case askElsewhere
        /// Retry after a pause.
        case askAgain
        /// Nothing: the same request would fail again.
        case none
    }

    /// The remedy for this error. Refreshing the leader or coordinator helps only calls that are routed by it; other
    /// calls would send the same request again.
    func remedy(at destination: Destination) -> Remedy {
        switch self {
        // The quorum of controllers elects its leader, to whom any broker forwards.
        case .notLeaderOrFollower where destination == .anyBroker:
            .askAgain
        case .notLeaderOrFollower, .leaderNotAvailable, .replicaNotAvailable, .fencedLeaderEpoch, .unknownLeaderEpoch,
            .unknownTopicOrPartition, .unknownTopicId, .inconsistentTopicId, .listenerNotFound:
            if case .leader = destination { .askElsewhere } else { .none }
        case .notCoordinator:
            if case .coordinator = destination { .askElsewhere } else { .none }
        case .notController:
            if case .controller = destination { .askElsewhere } else { .askAgain }
        case .coordinatorNotAvailable:
            if case .coordinator = destination { .askElsewhere } else { .askAgain }
        case .kafkaStorageError:
            if case .leader = destination { .askElsewhere } else { .askAgain }
        default:
            self.isRetriable ? .askAgain : .none
        }
    }
}
