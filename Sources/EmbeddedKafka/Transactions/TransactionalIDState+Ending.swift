// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// The ends of transactions: commits, aborts, and aborts of producers that are fenced or late.
extension TransactionalIDState {
    /// Ends the transaction, and returns the producer that goes on: with version 2 in a new epoch.
    ///
    /// - Parameters:
    ///   - isCommit: Whether the transaction is committed instead of aborted.
    ///   - bumpsEpoch: Whether the request is of version 2 of transactions (EndTxn from version 5 on).
    ///   - takeID: Returns a new producer ID.
    mutating func end(
        isCommit: Bool, by producer: Producer, bumpsEpoch: Bool, now: Milliseconds, takeID: () -> Int64
    ) throws(BrokerError) -> Producer {
        guard bumpsEpoch else {
            try self.endInSameEpoch(isCommit: isCommit, by: producer)
            return producer
        }
        try self.checkEnded()
        let isCurrent = producer.epoch == self.producer.epoch
        let isRetryWithNewID =
            self.previousID == producer.id && producer.epoch == Int16.max - 1 && self.producer.epoch == 0
        let isRetry = isRetryWithNewID || (producer.epoch != .max && self.producer.epoch == producer.epoch + 1)
        let isComplete = self.state == .completeCommit || self.state == .completeAbort
        guard producer.id == self.producer.id || isRetryWithNewID else { throw Self.unknown }
        guard isCurrent || (isRetry && isComplete) else { throw Self.fenced }
        switch (self.state, isCommit) {
        case (.ongoing, _):
            self.prepare(isCommit: isCommit, bumpsEpoch: true, takeID: takeID)
        case (.completeCommit, true) where isRetry, (.completeAbort, false) where isRetry:
            return self.producer
        case (_, false) where !isRetry:
            // A producer whose first write failed doesn't know whether the transaction has begun. It may abort.
            self.places = []
            self.start = now
            self.prepare(isCommit: false, bumpsEpoch: true, takeID: takeID)
        default:
            throw Self.wrongState
        }
        return self.nextID.map { Producer(id: $0, epoch: 0) } ?? self.producer
    }

    /// Ends the transaction as version 1 does. A retry is not told from the end of another transaction.
    private mutating func endInSameEpoch(isCommit: Bool, by producer: Producer) throws(BrokerError) {
        try self.check(producer)
        try self.checkEnded()
        switch (self.state, isCommit) {
        case (.ongoing, _): self.state = isCommit ? .prepareCommit : .prepareAbort
        case (.completeCommit, true), (.completeAbort, false): return
        default: throw Self.wrongState
        }
    }

    /// Begins the end: with version 2 the marker has a new epoch, so that late writes of the transaction are refused.
    private mutating func prepare(isCommit: Bool, bumpsEpoch: Bool, takeID: () -> Int64) {
        self.state = isCommit ? .prepareCommit : .prepareAbort
        guard bumpsEpoch else { return }
        if self.producer.isExhausted { self.nextID = takeID() }
        self.lastEpoch = self.producer.epoch
        if self.producer.epoch < .max { self.producer.epoch += 1 }
    }

    /// Aborts the ongoing transaction, in a new epoch that fences its producer.
    mutating func fence(bumpsEpochs: Bool, takeID: () -> Int64) {
        guard self.state == .ongoing else { return }
        self.prepare(isCommit: false, bumpsEpoch: bumpsEpochs, takeID: takeID)
        guard !bumpsEpochs else { return }
        self.lastEpoch = -1
        if self.producer.epoch < .max { self.producer.epoch += 1 }
    }

    /// Aborts a transaction that is older than its timeout. Returns whether it did.
    mutating func expire(now: Milliseconds, bumpsEpochs: Bool, takeID: () -> Int64) -> Bool {
        guard let deadline = self.deadline, deadline <= now else { return false }
        self.fence(bumpsEpochs: bumpsEpochs, takeID: takeID)
        return true
    }

    /// Completes the transaction, after its marker has been written to all partitions.
    mutating func complete() {
        switch self.state {
        case .prepareCommit: self.state = .completeCommit
        case .prepareAbort: self.state = .completeAbort
        case .empty, .ongoing, .completeCommit, .completeAbort: return
        }
        self.places = []
        if let id = self.nextID {
            self.previousID = self.producer.id
            self.producer = Producer(id: id, epoch: 0)
            self.nextID = nil
        }
    }

    private static let wrongState = BrokerError(.invalidTxnState, "The transaction's state doesn't permit this.")
}
