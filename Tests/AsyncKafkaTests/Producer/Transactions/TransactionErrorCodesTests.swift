// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import Testing

@testable import AsyncKafka

/// What becomes of a producer when a coordinator answers a request with an error code, for each code of Kafka 4.4 and each request.
@Suite struct TransactionErrorCodesTests {
    typealias Machine = TransactionStateMachine

    private static let codes = (-1...136 as ClosedRange<Int16>).filter { $0 != 0 }.map { ErrorCode(rawValue: $0) }
    private static let orders = TopicPartition("orders", 0)

    /// A request that is out, with its machine.
    enum Case: String, CaseIterable, Sendable {
        case initialize, addPartitions, addOffsets, commitOffsets, commit, abort

        func machine() -> (Machine, Machine.Request)? {
            var machine = Machine()
            if case .initialize = self { return machine.takeRequest(isQuiet: true).map { (machine, $0) } }
            _ = machine.takeRequest(isQuiet: true)
            machine.answered(.initialized(ProducerIdentity(id: 7, epoch: 0)))
            _ = machine.begin(.v1)
            switch self {
            case .initialize: break
            case .addPartitions: _ = machine.mayWrite(to: orders)
            case .addOffsets, .commitOffsets:
                _ = machine.add([orders: OffsetAndMetadata(offset: 1)], as: CommitIdentity(group: "g"))
                if case .commitOffsets = self { self.answer(&machine) }
            case .commit, .abort:
                _ = machine.mayWrite(to: orders)
                self.answer(&machine)
                machine.end(self == .commit ? .commit : .abort)
            }
            return machine.takeRequest(isQuiet: true).map { (machine, $0) }
        }

        private func answer(_ machine: inout Machine) {
            _ = machine.takeRequest(isQuiet: true)
            machine.answered(.done)
        }
    }

    /// What a user would notice.
    private enum Result: Hashable {
        /// The request is sent again.
        case again
        /// The transaction is aborted.
        case aborts
        /// The transaction has ended, and the producer goes on.
        case ended
        /// `withTransaction` throws, and the producer tries again.
        case refused
        case fails
    }

    private static let retried: Set<Int16> = [
        -1, 2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 51, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89, 100, 103,
        106, 122, 123, 133,
    ]

    /// The results of the codes that are not retried and don't end the producer.
    private static let others: [Case: [Result: Set<ErrorCode>]] = {
        let refusals: Set<ErrorCode> = [
            .transactionAbortable, .topicAuthorizationFailed, .groupAuthorizationFailed, .unknownProducerId,
            .operationNotAttempted,
        ]
        let fencing: Set<ErrorCode> = [.producerFenced, .invalidProducerEpoch, .invalidTxnState]
        let ofMembers: Set<ErrorCode> = [
            .fencedInstanceId, .unknownMemberId, .illegalGeneration, .groupIdNotFound, .staleMemberEpoch,
            .fencedMemberEpoch,
            .offsetMetadataTooLarge, .invalidCommitOffsetSize, .rebalanceInProgress,
        ]
        return [
            .initialize: [
                .refused: refusals.union([.transactionalIdAuthorizationFailed, .clusterAuthorizationFailed])
            ],
            .addPartitions: [.aborts: refusals.union(fencing)],
            .addOffsets: [.aborts: refusals.union(fencing)],
            .commitOffsets: [.aborts: refusals.union(fencing).union(ofMembers)],
            .commit: [.aborts: refusals.union([.invalidTxnState])],
            .abort: [.ended: [.invalidTxnState]],
        ]
    }()

    @Test(arguments: Case.allCases) func eachCodeHasItsResult(request: Case) throws {
        for code in Self.codes {
            var (machine, out) = try #require(request.machine())
            machine.answered(.failed(KafkaError(code, doing: "testing"), out.consequence(of: code)))
            let expected =
                Self.retried.contains(code.rawValue)
                ? .again : Self.others[request]?.first { $0.value.contains(code) }?.key ?? .fails
            #expect(self.result(of: &machine, after: out) == expected, "\(code) of \(request)")
        }
    }

    private func result(of machine: inout Machine, after out: Machine.Request) -> Result {
        if let failure = machine.failure { return failure.isFatal ? .fails : .again }
        if machine.refusals.count > 0 { return .refused }
        if machine.current == nil, machine.lastEnded != nil { return .ended }
        if machine.current?.abortReason != nil {
            machine.end(.abort)
            guard case .end(.abort, _, _)? = machine.takeRequest(isQuiet: true) else { return .fails }
            return .aborts
        }
        return machine.takeRequest(isQuiet: true) == out ? .again : .fails
    }
}
