// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory

/// What a transactional producer has beside its records: its id, and who waits for what. The state is in the accumulator's
/// `TransactionStateMachine`.
final class Transactions: Sendable {
    let id: String
    /// The time after which the coordinator aborts an open transaction.
    let timeout: Duration
    /// The version of the cluster's transactions when it was last known.
    let lastVersion = Lock(TransactionVersion.v1)
    /// Transactions take turns.
    let turns = TurnQueue()
    /// Wakes the task that sends the requests.
    let wanted = Signal()
    /// The tasks that wait for a result.
    let waiters = WaiterList()

    init(id: String, timeout: Duration) {
        self.id = id
        self.timeout = timeout
    }

    private let trouble = Lock((number: UInt64.max, error: KafkaError?.none))

    /// Notes that the cluster is the reason why a transaction's closure got an error: there was no room in the buffer, for example.
    func note(_ error: KafkaError, in number: UInt64) {
        if error.isRetriable { self.trouble.withLock { $0 = (number, .transactionAborted(because: error)) } }
    }

    /// Returns and forgets the last error that was noted in a transaction.
    func takeTrouble(of number: UInt64) -> KafkaError? {
        self.trouble.withLock { trouble in
            defer { trouble = (.max, nil) }
            return trouble.number == number ? trouble.error : nil
        }
    }

    /// Offsets of a consumer that are to be in a transaction.
    private struct Reading {
        let number: UInt64
        let consumer: KafkaConsumer
        let offsets: [TopicPartition: OffsetAndMetadata]
        /// Whether they are in the transaction. They may have been refused.
        let areAdded: Bool
    }

    private let readings = Lock([Reading]())

    /// Notes that offsets of a consumer are to be in a transaction, or that they are.
    func note(
        _ offsets: [TopicPartition: OffsetAndMetadata], of consumer: KafkaConsumer, in number: UInt64, areAdded: Bool
    ) {
        let reading = Reading(number: number, consumer: consumer, offsets: offsets, areAdded: areAdded)
        self.readings.withLock { $0.append(reading) }
    }

    /// Moves the consumers of a transaction: after a commit not to before their offsets that were in it, and after an abort back.
    func moveConsumers(
        of number: UInt64, after outcome: TransactionStateMachine.Outcome, isUndecided: Bool = false
    ) {
        let readings = self.readings.withLock { readings in
            // Tasks that outlive their transactions may have left others.
            defer { readings.removeAll { $0.number <= number } }
            return readings.filter { $0.number == number }
        }
        for reading in readings {
            let commits = reading.consumer.commits
            switch outcome {
            case .commit: if reading.areAdded { commits.committedInTransaction(reading.offsets) }
            case .abort: commits.goBack(reading.offsets.keys, isUndecided: isUndecided)
            }
        }
    }

    /// The consumers that are being processed.
    let processed = Lock([ObjectIdentifier: KafkaConsumer]())

    /// No further transaction begins, so nothing more is read for one.
    func closing() {
        self.changed()
        for consumer in self.processed.withLock({ Array($0.values) }) { consumer.core.wake([.reader]) }
    }

    /// A request may be due, or a result known.
    func changed() {
        self.wanted.notify()
        self.waiters.wakeAll()
    }
}
