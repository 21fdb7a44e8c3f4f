// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

/// How records and their transaction depend on each other in the accumulator.
@Suite struct TransactionalAccumulatorTests {
    /// Begins a transaction and returns its number.
    private func begin(_ rig: inout AccumulatorRig, _ version: TransactionVersion = .v2) throws -> UInt64 {
        guard case .begun(let number) = rig.accumulator.beginTransaction(version) else {
            throw KafkaError(.illegalState, "no transaction began")
        }
        return number
    }

    /// The failed record's result isn't known to any task yet, and a commit must not come in between.
    @Test func aRefusedRecordSpoilsTheTransactionBeforeItCanBeCommitted() throws {
        var rig = AccumulatorRig(linger: .zero, isTransactional: true)
        rig.append(in: try self.begin(&rig))
        let requests = rig.pump()
        let request = try #require(requests.first)
        let refusal = RecordAccumulator.Answer(
            verdict: .refused, error: KafkaError(.invalidRecord, doing: "storing records"))
        // Its actions are not performed yet.
        _ = rig.accumulator.answered(request, [refusal], now: rig.now)
        _ = rig.accumulator.endTransaction(.commit)
        #expect(rig.accumulator.takeTransactionRequest() == .end(.abort, ProducerIdentity(id: 7, epoch: 0), .v2))
    }

    /// It was given up while its broker was being connected to.
    @Test(arguments: [TransactionVersion.v1, .v2])
    func aPartitionThatWaitsForItsBrokerWhileItsTransactionIsAbortedServesTheNext(version: TransactionVersion) throws {
        var rig = AccumulatorRig(linger: .zero, isTransactional: true)
        rig.append(in: try self.begin(&rig, version))
        #expect(rig.pump(isConnected: false).isEmpty)
        rig.note(rig.accumulator.endTransaction(.abort))
        #expect(rig.accumulator.takeTransactionRequest() == nil, "the coordinator knows of nothing")
        rig.note(rig.accumulator.connected(0))
        #expect(rig.pump().isEmpty)
        rig.append(in: try self.begin(&rig, version))
        if version == .v1 {
            #expect(rig.pump().isEmpty)
            #expect(rig.accumulator.takeTransactionRequest() != nil)
            rig.note(rig.accumulator.transactionAnswered(.done, now: rig.now))
        }
        #expect(rig.pump().count == 1)
    }

    /// A batch of an aborted transaction may still be on its way to the partition.
    @Test func theNextTransactionWaitsForBatchesOfTheLastInItsPartition() throws {
        var rig = AccumulatorRig(linger: .zero, isTransactional: true)
        rig.append(in: try self.begin(&rig))
        let late = try #require(rig.pump().first)
        rig.note(rig.accumulator.endTransaction(.abort))
        #expect(rig.accumulator.takeTransactionRequest() != nil)
        rig.note(
            rig.accumulator.transactionAnswered(.ended(next: ProducerIdentity(id: 7, epoch: 1)), now: rig.now))
        rig.append(in: try self.begin(&rig))
        #expect(rig.pump().isEmpty)
        rig.answer(late)
        let next = try #require(rig.pump().first?.transmissions.first)
        #expect(next.identity == ProducerIdentity(id: 7, epoch: 1))
        #expect(next.baseSequence == 0)
    }

    @Test func recordsOfAnotherTransactionAreRefused() throws {
        var rig = AccumulatorRig(isTransactional: true)
        let first = try self.begin(&rig)
        rig.append(in: first)
        rig.note(rig.accumulator.endTransaction(.abort))
        let second = try self.begin(&rig)
        #expect(rig.append(in: second).delivery != nil)
        guard case .closed(let error) = rig.append(in: first) else {
            Issue.record("the record was taken into the wrong transaction")
            return
        }
        #expect(error.code == .illegalState)
        #expect(rig.append().delivery == nil, "without a transaction")
    }

    @Test func abortsCausedByTheClusterSayWhetherToTryAgain() {
        for (code, isRetriable) in [
            (ErrorCode.transactionAbortable, true), (.invalidTxnState, true), (.notEnoughReplicas, true),
            (.outOfOrderSequenceNumber, true), (.unknownMemberId, true), (.invalidRecord, false),
            (.messageTooLarge, false), (.topicAuthorizationFailed, false), (.offsetMetadataTooLarge, false),
            (.groupIdNotFound, false), (.fencedInstanceId, false),
        ] {
            let error = KafkaError.transactionAborted(because: KafkaError(code, doing: "testing"))
            #expect(error.code == .transactionAborted && !error.isFatal)
            #expect(error.isRetriable == isRetriable, "\(code)")
        }
    }
}
