// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import Testing

@testable import AsyncKafka

/// What programs decide by, for each code that Kafka 4.4 can answer with.
@Suite struct ErrorClassificationTests {
    /// -1, and 1 to 136: 0 is success.
    private static let all = ([-1] + Array(1...136)).map { ErrorCode(rawValue: $0) }

    /// The codes whose exception is a `RetriableException` in Kafka 4.4's Java client.
    private static let retriable: Set<ErrorCode> = [
        .corruptMessage, .unknownTopicOrPartition, .leaderNotAvailable, .notLeaderOrFollower, .requestTimedOut,
        .replicaNotAvailable, .networkException, .coordinatorLoadInProgress, .coordinatorNotAvailable,
        .notCoordinator, .notEnoughReplicas, .notEnoughReplicasAfterAppend, .notController,
        .concurrentTransactions, .kafkaStorageError, .fetchSessionIdNotFound, .invalidFetchSessionEpoch,
        .listenerNotFound, .fencedLeaderEpoch, .unknownLeaderEpoch, .offsetNotAvailable,
        .preferredLeaderNotAvailable, .eligibleLeadersNotAvailable, .electionNotNeeded, .unstableOffsetCommit,
        .throttlingQuotaExceeded, .unknownTopicId, .inconsistentTopicId, .fetchSessionTopicIdError,
        .shareSessionNotFound, .invalidShareSessionEpoch, .shareSessionLimitReached,
    ]

    private static let codes: [ErrorCode: KafkaError.Code] = [
        .unknownTopicOrPartition: .unknownTopicOrPartition, .unknownTopicId: .unknownTopicOrPartition,
        .topicAuthorizationFailed: .authorizationFailed, .groupAuthorizationFailed: .authorizationFailed,
        .clusterAuthorizationFailed: .authorizationFailed, .transactionalIdAuthorizationFailed: .authorizationFailed,
        .delegationTokenAuthorizationFailed: .authorizationFailed, .saslAuthenticationFailed: .authenticationFailed,
        .illegalSaslState: .authenticationFailed, .unsupportedSaslMechanism: .authenticationFailed,
        .messageTooLarge: .recordTooLarge, .recordListTooLarge: .recordTooLarge, .offsetOutOfRange: .offsetOutOfRange,
        .corruptMessage: .corruptRecord, .unsupportedVersion: .unsupportedVersion,
        .invalidTopicException: .invalidArgument, .invalidGroupId: .invalidArgument,
        .fencedInstanceId: .fencedInstance, .producerFenced: .producerFenced, .invalidProducerEpoch: .producerFenced,
        .requestTimedOut: .timedOut,
    ]

    /// After these, a request that has an effect may have had it.
    private static let uncertain: Set<ErrorCode> = [
        .unknownServerError, .requestTimedOut, .networkException, .notEnoughReplicasAfterAppend,
    ]

    @Test(arguments: all) func everyCodeIsClassified(code: ErrorCode) {
        #expect(code.name != nil, "Kafka knows this code")
        let error = KafkaError(code, doing: "testing")
        #expect(error.code == Self.codes[code] ?? .brokerError)
        #expect(error.brokerCode == code)
        #expect(error.isRetriable == Self.retriable.contains(code))
        // A static member whose instance id another member has taken never gets back into the group.
        #expect(error.isFatal == (code == .fencedInstanceId))
        #expect(!error.isOutcomeUnknown)
        #expect(error.message.contains("while testing: "))
    }

    @Test(arguments: all) func onlyRequestsWithAnEffectLeaveTheirOutcomeUnknown(code: ErrorCode) {
        let recipient = Recipient(
            broker: Broker(id: 1, host: "b", port: 9092), version: 1, metadata: .empty)
        let token = ExpireDelegationTokenCall(body: ExpireDelegationTokenRequest())
        let coordinator = FindCoordinatorCall(kind: .group)
        let key = CoordinatorKey(kind: .group, name: "g")
        func isUnknown(_ outcome: CallOutcome<some Sendable>) -> Bool? {
            switch outcome {
            case .done: nil
            case .failed(let error), .elsewhere(let error), .again(let error): error.isOutcomeUnknown
            }
        }
        #expect(isUnknown(token.refused(code, OnlyItem(), by: recipient)) == Self.uncertain.contains(code))
        #expect(isUnknown(coordinator.refused(code, key, by: recipient)) == false)
    }

    @Test func aCodeOfALaterKafkaIsAnErrorOfTheBroker() {
        let error = KafkaError(ErrorCode(rawValue: 999), doing: "testing")
        #expect(error.code == .brokerError)
        #expect(!error.isRetriable && !error.isFatal)
        #expect(error.message.contains("999"))
    }
}
