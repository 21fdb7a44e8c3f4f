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

    /// A request may be due, or a result known.
    func changed() {
        self.wanted.notify()
        self.waiters.wakeAll()
    }
}
