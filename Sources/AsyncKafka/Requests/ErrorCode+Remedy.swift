// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension ErrorCode {
    /// Whether a broker that answers with this code may have done what was asked all the same: it began, and doesn't know
    /// the result, or it reports a failure that came afterwards.
    var leavesOutcomeUnknown: Bool {
        switch self {
        case .requestTimedOut, .networkException, .unknownServerError, .notEnoughReplicasAfterAppend: true
        default: false
        }
    }

    /// What a client can do about a refusal without changing the request.
    enum Remedy: Hashable, Sendable {
        /// Look again for the broker that can answer, then ask that one.
        case askElsewhere
        /// Ask later.
        case askAgain
        /// The same request is refused again.
        case none
    }

    /// Leaders, coordinators and epochs are looked up anew for calls that go by them. For others the same request would be
    /// refused again.
    func remedy(at destination: Destination) -> Remedy {
        switch self {
        case .notLeaderOrFollower, .leaderNotAvailable, .replicaNotAvailable, .fencedLeaderEpoch, .unknownLeaderEpoch,
            .unknownTopicOrPartition, .unknownTopicId, .inconsistentTopicId, .listenerNotFound:
            if case .leader = destination { .askElsewhere } else { .none }
        case .notCoordinator:
            if case .coordinator = destination { .askElsewhere } else { .none }
        case .coordinatorNotAvailable:
            if case .coordinator = destination { .askElsewhere } else { .askAgain }
        case .kafkaStorageError:
            if case .leader = destination { .askElsewhere } else { .askAgain }
        default:
            self.isRetriable ? .askAgain : .none
        }
    }
}
