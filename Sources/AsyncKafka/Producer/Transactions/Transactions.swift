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

    /// What wakes those who wait for something else before they begin a transaction.
    let atClosing = Lock([ObjectIdentifier: @Sendable () -> Void]())

    /// No further transaction begins.
    func closing() {
        self.changed()
        for wake in self.atClosing.withLock({ Array($0.values) }) { wake() }
    }

    /// A request may be due, or a result known.
    func changed() {
        self.wanted.notify()
        self.waiters.wakeAll()
    }
}
