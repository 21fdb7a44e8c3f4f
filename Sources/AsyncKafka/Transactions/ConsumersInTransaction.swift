// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The consumers whose offsets are in the open transaction of a producer, so that their positions follow its result.
final class ConsumersInTransaction: Sendable {
    private struct Offsets {
        let transaction: UInt64
        let consumer: KafkaConsumer
        let offsets: [TopicPartition: OffsetAndMetadata]
        /// Whether they are part of the transaction. They may be refused.
        let areAccepted: Bool
    }

    private let offsets = Lock([Offsets]())

    /// Notes that offsets of a consumer are to be part of a transaction, or that they are.
    func add(
        _ offsets: [TopicPartition: OffsetAndMetadata], of consumer: KafkaConsumer, to transaction: UInt64,
        areAccepted: Bool
    ) {
        let new = Offsets(transaction: transaction, consumer: consumer, offsets: offsets, areAccepted: areAccepted)
        self.offsets.withLock { $0.append(new) }
    }

    /// Moves the consumers when a transaction has ended: after a commit not to before the offsets, and after an abort back.
    ///
    /// - Parameter isUndecided: whether the transaction may be committed, so that only the group's offsets are right.
    func move(of transaction: UInt64, after outcome: TransactionStateMachine.Outcome, isUndecided: Bool = false) {
        let noted = self.offsets.withLock { offsets in
            // Tasks that outlive their transactions may have left others.
            defer { offsets.removeAll { $0.transaction <= transaction } }
            return offsets.filter { $0.transaction == transaction }
        }
        for noted in noted {
            let commits = noted.consumer.commits
            switch outcome {
            case .commit: if noted.areAccepted { commits.committedInTransaction(noted.offsets) }
            case .abort: commits.goBack(noted.offsets.keys, isUndecided: isUndecided)
            }
        }
    }
}
