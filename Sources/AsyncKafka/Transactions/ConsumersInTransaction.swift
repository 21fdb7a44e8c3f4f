// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// The consumers whose offsets are in the open transaction of a producer, so that their positions follow its result.
final class ConsumersInTransaction: Sendable {
    private let offsets = Lock([(consumer: KafkaConsumer, offsets: [TopicPartition: OffsetAndMetadata])]())

    /// Notes that a transaction has offsets of a consumer.
    func add(_ offsets: [TopicPartition: OffsetAndMetadata], of consumer: KafkaConsumer) {
        self.offsets.withLock { $0.append((consumer, offsets)) }
    }

    /// Moves the consumers when the transaction has ended: after a commit not to before the offsets, and after an abort back.
    ///
    /// - Parameter isUndecided: whether the transaction may be committed, so that only the group's offsets are right.
    func move(after outcome: TransactionStateMachine.Outcome, isUndecided: Bool = false) {
        let noted = self.offsets.withLock { offsets in
            defer { offsets = [] }
            return offsets
        }
        for (consumer, offsets) in noted {
            switch outcome {
            case .commit: consumer.commits.committedInTransaction(offsets)
            case .abort: consumer.commits.goBack(offsets.keys, isUndecided: isUndecided)
            }
        }
    }
}
