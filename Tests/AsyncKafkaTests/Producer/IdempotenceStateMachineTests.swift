// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport
import Testing

@testable import AsyncKafka

@Suite struct IdempotenceStateMachineTests {
    private let identity = ProducerIdentity(id: 7, epoch: 0)
    private let now = MonotonicTime(nanoseconds: 0)
    private let retriable = KafkaError(.timedOut, "late", isRetriable: true)

    @Test func anIdentityIsRequestedOnlyOnce() {
        var machine = IdempotenceStateMachine()
        #expect(machine.identity == nil)
        #expect(machine.identityNeeded() == true)
        #expect(machine.identityNeeded() == false)
        machine.received(self.identity)
        #expect(machine.identity == self.identity)
        #expect(machine.identityNeeded() == false)
    }

    @Test func aStaleIdentityIsReplacedAndAnotherIsKept() {
        var machine = IdempotenceStateMachine()
        _ = machine.identityNeeded()
        machine.received(self.identity)
        #expect(machine.identityNeeded(otherThan: 6) == false)
        #expect(machine.identityNeeded(otherThan: 7) == true)
        #expect(machine.identity == nil)
        machine.received(ProducerIdentity(id: 8, epoch: 0))
        #expect(machine.identity?.id == 8)
    }

    @Test(arguments: [
        KafkaError(.authenticationFailed, "no"), KafkaError(.authorizationFailed, "no"), KafkaError(.tlsFailed, "no"),
        KafkaError(.protocolError, "a web server"), KafkaError(.brokerError, "no", brokerCode: .unknownServerError),
    ])
    func errorsThatAUserCanResolveAreRetried(_ error: KafkaError) {
        var machine = IdempotenceStateMachine()
        _ = machine.identityNeeded()
        guard case .refused = machine.requestFailed(error, now: self.now) else {
            Issue.record("\(error)")
            return
        }
        #expect(machine.fatalError == nil)
        #expect(machine.failedAttempts.last?.code == error.code)
        machine.received(self.identity)
        #expect(machine.identity == self.identity)
        #expect(machine.failedAttempts.last == nil)
    }

    @Test(arguments: [KafkaError.Code.unsupportedVersion, .producerFenced])
    func retriableErrorsAreRetriedAndPermanentOnesAreFatal(_ code: KafkaError.Code) {
        var machine = IdempotenceStateMachine()
        _ = machine.identityNeeded()
        guard case .retry = machine.requestFailed(self.retriable, now: self.now) else {
            Issue.record("gave up")
            return
        }
        #expect(machine.identityNeeded() == false, "a request is already in flight")
        guard case .fatal(let error) = machine.requestFailed(KafkaError(code, "no"), now: self.now) else {
            Issue.record("goes on")
            return
        }
        #expect(error.isFatal)
        #expect(!error.isRetriable)
        #expect(machine.fatalError?.code == code)
        #expect(machine.identityNeeded() == false)
        machine.received(self.identity)
        #expect(machine.identity == nil)
    }

    @Test func anUnexpectedAnswerIsIgnored() {
        var machine = IdempotenceStateMachine()
        machine.received(self.identity)
        #expect(machine.identity == nil)
    }
}

@Suite struct ProduceAnswerTests {
    /// Brokers check for these errors before they append, so nothing is stored.
    @Test(arguments: [
        (ErrorCode.topicAuthorizationFailed, ProduceAnswer.refused), (.invalidRecord, .refused),
        (.invalidTimestamp, .refused), (.unsupportedCompressionType, .refused), (.notEnoughReplicas, .refusedForNow),
        (.corruptMessage, .refusedForNow), (.messageTooLarge, .tooLarge), (.recordListTooLarge, .tooLarge),
        (.outOfOrderSequenceNumber, .outOfOrder), (.unknownProducerId, .unknownProducer),
        (.invalidProducerEpoch, .staleEpoch), (.none, .stored), (.duplicateSequenceNumber, .alreadyStored),
    ])
    func errorsBeforeTheAppendHaveAKnownOutcome(_ code: ErrorCode, _ answer: ProduceAnswer) {
        #expect(ProduceAnswer(code) == answer)
    }

    /// KAFKA-14034, franz-go #1217: brokers may return these errors after they have appended.
    @Test(arguments: [
        (ErrorCode.requestTimedOut, ProduceAnswer.uncertain), (.notEnoughReplicasAfterAppend, .uncertain),
        (.notLeaderOrFollower, .uncertain), (.unknownTopicOrPartition, .uncertain), (.kafkaStorageError, .uncertain),
        (.unknownServerError, .failedUncertainly), (ErrorCode(rawValue: 9999), .failedUncertainly),
    ])
    func errorsThatMayFollowTheAppendHaveAnUnknownOutcome(_ code: ErrorCode, _ answer: ProduceAnswer) {
        #expect(ProduceAnswer(code) == answer)
    }
}
