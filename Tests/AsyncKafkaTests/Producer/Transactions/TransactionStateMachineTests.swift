// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTestSupport
import Testing

@testable import AsyncKafka

struct TransactionStateMachineTests {
    typealias Machine = TransactionStateMachine

    private static let first = ProducerIdentity(id: 7, epoch: 0)
    private static let second = ProducerIdentity(id: 7, epoch: 1)
    private let orders = TopicPartition("orders", 0)
    private let invoices = TopicPartition("invoices", 0)
    private let offsets = OffsetsToCommit(
        id: 1, identity: CommitIdentity(group: "billing", memberID: "m", epoch: 3),
        offsets: [TopicPartition("orders", 0): OffsetAndMetadata(offset: 42)])
    private let failure = KafkaError(.brokerError, "no")

    /// A machine that has an identity and an open transaction.
    private func open(_ version: TransactionVersion) -> Machine {
        var machine = Machine()
        #expect(self.isNotReady(machine.begin(version)), "there is no identity yet")
        #expect(machine.takeRequest(isQuiet: true) == .initialize(current: nil))
        #expect(machine.takeRequest(isQuiet: true) == nil, "one request at a time")
        machine.answered(.initialized(Self.first))
        #expect(self.hasBegun(machine.begin(version)))
        return machine
    }

    private func hasBegun(_ begun: Machine.Begun) -> Bool { if case .begun = begun { true } else { false } }

    private func isNotReady(_ begun: Machine.Begun) -> Bool { if case .notReady = begun { true } else { false } }

    private func isReady(_ machine: Machine) -> ProducerIdentity? {
        if case .ready(let identity) = machine.state { identity } else { nil }
    }

    @Test func withVersion1PartitionsAndGroupsAreAddedBeforeTheyAreUsed() {
        var machine = self.open(.v1)
        #expect(machine.mayWrite(to: self.orders) == nil)
        #expect(machine.mayWrite(to: self.invoices) == nil)
        #expect(machine.takeRequest(isQuiet: true) == .addPartitions([self.orders, self.invoices], Self.first))
        machine.answered(.done)
        #expect(machine.mayWrite(to: self.orders) == Self.first)
        #expect(machine.add(self.offsets.offsets, as: self.offsets.identity) == self.offsets)
        #expect(machine.takeRequest(isQuiet: true) == .addOffsets(group: "billing", Self.first))
        machine.answered(.done)
        #expect(machine.takeRequest(isQuiet: true) == .commitOffsets(self.offsets, Self.first, .v1))
        machine.answered(.done)
        #expect(machine.takeRequest(isQuiet: true) == nil)
        machine.end(.commit)
        #expect(machine.takeRequest(isQuiet: true) == .end(.commit, Self.first, .v1))
        machine.answered(.ended(next: nil))
        #expect(self.isReady(machine) == Self.first, "the epoch stays")
    }

    @Test func withVersion2TheBrokersAddAndEachEndBeginsAnEpoch() {
        var machine = self.open(.v2)
        #expect(machine.mayWrite(to: self.orders) == Self.first)
        #expect(machine.add(self.offsets.offsets, as: self.offsets.identity) == self.offsets)
        #expect(machine.takeRequest(isQuiet: true) == .commitOffsets(self.offsets, Self.first, .v2))
        machine.answered(.done)
        machine.end(.commit)
        #expect(machine.takeRequest(isQuiet: true) == .end(.commit, Self.first, .v2))
        machine.answered(.ended(next: Self.second))
        #expect(self.isReady(machine) == Self.second)
    }

    @Test(arguments: [TransactionVersion.v1, .v2], [Machine.Outcome.commit, .abort])
    func aTransactionWithoutContentIsUnknownToTheCoordinator(version: TransactionVersion, outcome: Machine.Outcome) {
        var machine = self.open(version)
        machine.end(outcome)
        #expect(machine.takeRequest(isQuiet: true) == nil)
        #expect(self.isReady(machine) == Self.first)
    }

    @Test func aCommitAddsWhatWaits() {
        var machine = self.open(.v1)
        #expect(machine.mayWrite(to: self.orders) == nil)
        machine.end(.commit)
        #expect(machine.takeRequest(isQuiet: true) == .addPartitions([self.orders], Self.first))
        machine.answered(.done)
        #expect(machine.mayWrite(to: self.invoices) == nil)
        #expect(machine.takeRequest(isQuiet: true) == .end(.commit, Self.first, .v1))
    }

    @Test func anAbortAddsNothing() {
        var machine = self.open(.v1)
        #expect(machine.mayWrite(to: self.orders) == nil)
        #expect(machine.add(self.offsets.offsets, as: self.offsets.identity) == self.offsets)
        machine.end(.abort)
        #expect(machine.takeRequest(isQuiet: true) == nil)
        #expect(self.isReady(machine) == Self.first, "nothing had reached the coordinator")
    }

    @Test func whatIsSpoiledIsAbortedWithTheReason() {
        var machine = self.open(.v2)
        _ = machine.mayWrite(to: self.orders)
        machine.spoil(because: self.failure)
        #expect(machine.mayWrite(to: self.orders) == nil)
        machine.end(.commit)
        #expect(machine.current?.abortReason?.message == "no")
        #expect(machine.takeRequest(isQuiet: true) == .end(.abort, Self.first, .v2))
        machine.answered(.ended(next: Self.second))
        #expect(self.isReady(machine) == Self.second)
    }

    @Test func afterAnAbortWithVersion1TheEpochIsRaised() {
        var machine = self.open(.v1)
        _ = machine.mayWrite(to: self.orders)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.done)
        machine.end(.abort)
        #expect(machine.takeRequest(isQuiet: true) == .end(.abort, Self.first, .v1))
        machine.answered(.ended(next: nil))
        guard self.isNotReady(machine.begin(.v1)) else {
            Issue.record("the old epoch must not be used")
            return
        }
        #expect(machine.takeRequest(isQuiet: true) == .initialize(current: Self.first))
        machine.answered(.initialized(Self.second))
        #expect(self.hasBegun(machine.begin(.v1)))
    }

    /// Otherwise a broker takes the records into the transaction of version 1, whose markers it doesn't have yet.
    @Test func whenTheClusterIsUpgradedTheEpochIsRaised() {
        var machine = self.open(.v1)
        _ = machine.mayWrite(to: self.orders)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.done)
        machine.end(.commit)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.ended(next: nil))
        #expect(self.isNotReady(machine.begin(.v2)))
        #expect(machine.takeRequest(isQuiet: true) == .initialize(current: Self.first))
        machine.answered(.initialized(Self.second))
        #expect(self.hasBegun(machine.begin(.v2)))
    }

    /// A late record could reach into the next transaction.
    @Test func withVersion1AnAbortWaitsForRecordsOnTheirWay() {
        var machine = self.open(.v1)
        _ = machine.mayWrite(to: self.orders)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.done)
        machine.end(.abort)
        #expect(machine.takeRequest(isQuiet: false) == nil)
        #expect(machine.takeRequest(isQuiet: true) == .end(.abort, Self.first, .v1))
    }

    @Test func withVersion2AnAbortWaitsForNothing() {
        var machine = self.open(.v2)
        _ = machine.mayWrite(to: self.orders)
        machine.end(.abort)
        #expect(machine.takeRequest(isQuiet: false) == .end(.abort, Self.first, .v2))
    }

    @Test func aCommitThatMayHaveBeenMadeIsToldAsUnknown() {
        var machine = self.open(.v2)
        _ = machine.mayWrite(to: self.orders)
        machine.end(.commit)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.failed(self.failure, .retryOfUnknownOutcome))
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.failed(self.failure, .fatal))
        #expect(machine.failure?.isOutcomeUnknown == true)
    }

    @Test func anUnknownOutcomeRaisesTheEpochAfterACommitToo() {
        var machine = self.open(.v1)
        _ = machine.mayWrite(to: self.orders)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.failed(self.failure, .retryOfUnknownOutcome))
        #expect(machine.takeRequest(isQuiet: true) == .addPartitions([self.orders], Self.first), "it is sent again")
        machine.answered(.done)
        machine.end(.commit)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.ended(next: nil))
        #expect(machine.takeRequest(isQuiet: true) == .initialize(current: Self.first))
    }

    @Test func aRefusedPartitionLeavesOnlyTheAbort() {
        var machine = self.open(.v1)
        _ = machine.mayWrite(to: self.orders)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.failed(self.failure, .abort))
        #expect(machine.takeRequest(isQuiet: true) == nil)
        machine.end(.commit)
        #expect(
            machine.takeRequest(isQuiet: true) == .end(.abort, Self.first, .v1), "other partitions may have been added")
    }

    @Test func aCommitThatIsRefusedBecomesAnAbortAndThatEndsTheProducer() {
        var machine = self.open(.v2)
        _ = machine.mayWrite(to: self.orders)
        machine.end(.commit)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.failed(self.failure, .abort))
        #expect(machine.takeRequest(isQuiet: true) == .end(.abort, Self.first, .v2))
        machine.answered(.failed(self.failure, .abort))
        guard case .failed = machine.begin(.v2) else {
            Issue.record("an abort that can't be made leaves nothing to do")
            return
        }
        #expect(machine.takeRequest(isQuiet: true) == nil)
    }

    @Test func aFencedProducerSendsNothingMore() {
        var machine = self.open(.v2)
        _ = machine.mayWrite(to: self.orders)
        machine.end(.commit)
        _ = machine.takeRequest(isQuiet: true)
        machine.answered(.failed(self.failure, .fatal))
        #expect(machine.takeRequest(isQuiet: true) == nil)
        #expect(machine.mayWrite(to: self.orders) == nil)
    }

    @Test func errorCodesHaveTheirConsequences() {
        let identity = Self.first
        let end = Machine.Request.end(.commit, identity, .v1)
        let commit = Machine.Request.commitOffsets(self.offsets, identity, .v1)
        let add = Machine.Request.addPartitions([self.orders], identity)
        #expect(end.consequence(of: .notCoordinator) == .retryOfUnknownOutcome)
        #expect(Machine.Request.initialize(current: nil).consequence(of: .notCoordinator) == .retry)
        #expect(end.consequence(of: .concurrentTransactions) == .retry)
        #expect(end.consequence(of: .requestTimedOut) == .retryOfUnknownOutcome)
        #expect(end.consequence(of: .producerFenced) == .fatal)
        #expect(end.consequence(of: .invalidProducerEpoch) == .fatal)
        #expect(end.consequence(of: .invalidTxnState) == .abort)
        #expect(end.consequence(of: .transactionAbortable) == .abort)
        #expect(Machine.Request.end(.abort, identity, .v2).consequence(of: .transactionAbortable) == .fatal)
        #expect(add.consequence(of: .topicAuthorizationFailed) == .abort)
        #expect(add.consequence(of: .transactionalIdAuthorizationFailed) == .fatal)
        #expect(commit.consequence(of: .illegalGeneration) == .abort)
        #expect(commit.consequence(of: .staleMemberEpoch) == .abort)
        #expect(end.consequence(of: .illegalGeneration) == .fatal)
        #expect(Machine.Request.initialize(current: nil).consequence(of: .transactionalIdAuthorizationFailed) == .abort)
        #expect(end.consequence(of: ErrorCode(rawValue: 9999)) == .fatal)
    }
}
