// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension TransactionStateMachine.Request {
    /// What the failure of a request means for the producer.
    func consequence(of error: KafkaError) -> TransactionStateMachine.Consequence {
        if let code = error.brokerCode { return self.consequence(of: code) }
        if error.isRetriable { return error.isOutcomeUnknown ? .retryOfUnknownOutcome : .retry }
        switch (error.code, self) {
        case (.unsupportedVersion, .commitOffsets): return .abort
        case (.unsupportedVersion, _): return .fatal
        // Only a user can resolve the cause, and nothing has begun: wrong credentials, an untrusted certificate.
        case (_, .initialize): return .abort
        // The cause may pass while the transaction lasts.
        default: return error.isOutcomeUnknown ? .retryOfUnknownOutcome : .retry
        }
    }

    /// What a coordinator's error code means for the producer. Codes that aren't known are fatal: to go on could commit what
    /// was not written.
    func consequence(of code: ErrorCode) -> TransactionStateMachine.Consequence {
        if code.leavesOutcomeUnknown { return .retryOfUnknownOutcome }
        switch (code, self) {
        case (.coordinatorNotAvailable, .initialize), (.notCoordinator, .initialize): return .retry
        // Coordinators also answer so after they have appended to their log, if its replicas fail.
        case (.coordinatorNotAvailable, _), (.notCoordinator, _): return .retryOfUnknownOutcome
        default: break
        }
        if code.isRetriable { return .retry }
        switch (code, self) {
        // Only a user can resolve the cause, and nothing has begun.
        case (.transactionalIdAuthorizationFailed, .initialize), (.clusterAuthorizationFailed, .initialize):
            return .abort
        case (.invalidTxnState, .end(.abort, _, _)):
            return .nothingToAbort
        // The coordinator has aborted the transaction, which lasted too long.
        case (.invalidTxnState, .end(.commit, _, _)):
            return .abort
        // Another producer has the id, or the transaction lasted too long. The answer to the abort tells which.
        case (.producerFenced, .addPartitions), (.producerFenced, .addOffsets), (.producerFenced, .commitOffsets),
            (.invalidProducerEpoch, .addPartitions), (.invalidProducerEpoch, .addOffsets),
            (.invalidProducerEpoch, .commitOffsets), (.invalidTxnState, .addPartitions),
            (.invalidTxnState, .addOffsets), (.invalidTxnState, .commitOffsets):
            return .abort
        // An abort that is to be aborted would never end.
        case (.transactionAbortable, .end(.abort, _, _)):
            return .fatal
        case (.transactionAbortable, _), (.topicAuthorizationFailed, _), (.groupAuthorizationFailed, _),
            (.unknownProducerId, _), (.operationNotAttempted, _):
            return .abort
        // The group's member has lost its partitions, so that others process the records again.
        case (.fencedInstanceId, .commitOffsets), (.unknownMemberId, .commitOffsets),
            (.illegalGeneration, .commitOffsets), (.groupIdNotFound, .commitOffsets),
            (.staleMemberEpoch, .commitOffsets), (.fencedMemberEpoch, .commitOffsets),
            (.offsetMetadataTooLarge, .commitOffsets),
            (.invalidCommitOffsetSize, .commitOffsets), (.rebalanceInProgress, .commitOffsets):
            return .abort
        default:
            return .fatal
        }
    }
}
