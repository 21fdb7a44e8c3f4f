// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

extension TransactionStateMachine.Request {
    /// What a coordinator's error code means for the producer. Codes that aren't known are fatal: to go on could commit what
    /// was not written.
    func consequence(of code: ErrorCode) -> TransactionStateMachine.Consequence {
        if code.isRetriable || code == .concurrentTransactions {
            return code.leavesOutcomeUnknown ? .retryOfUnknownOutcome : .retry
        }
        switch (code, self) {
        // Only a user can resolve the cause, and nothing has begun.
        case (.transactionalIdAuthorizationFailed, .initialize), (.clusterAuthorizationFailed, .initialize):
            return .abort
        // An abort that is to be aborted would never end.
        case (.transactionAbortable, .end(.abort, _, _)):
            return .fatal
        case (.transactionAbortable, _), (.topicAuthorizationFailed, _), (.groupAuthorizationFailed, _),
            (.unknownProducerId, _), (.operationNotAttempted, _), (.unknownTopicOrPartition, _):
            return .abort
        // The group's member has lost its partitions, so that others process the records again.
        case (.fencedInstanceId, .commitOffsets), (.unknownMemberId, .commitOffsets),
            (.illegalGeneration, .commitOffsets), (.groupIdNotFound, .commitOffsets),
            (.staleMemberEpoch, .commitOffsets), (.offsetMetadataTooLarge, .commitOffsets):
            return .abort
        default:
            return .fatal
        }
    }
}
