// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaTransport

/// The closed batches of one partition. Decides on the order in which they are sent, on their sequence numbers, and on
/// the consequences of each answer. Pure; `Batch` is opaque to it.
///
/// Guarantees for an idempotent producer (KIP-98, KIP-360):
/// - A batch gets its sequence when it is first sent and keeps it for every retry, so the broker can detect duplicates.
/// - A sequence that may have been stored is never reused for other records.
/// - Batches get new sequences (under a new epoch) only when none of them can have been stored.
/// - Several batches are in flight only after one has succeeded and none has failed since. After a failure, a change of
///   leader, or a new identity, one batch is sent alone: a broker without state for the producer accepts any first
///   sequence, and could store the second batch in place of the first.
/// - In a transaction, sequences never begin again: a batch with an unexpected answer fails, and with it the transaction. The
///   next one has an identity of its own.
struct BatchQueue<Batch> {
    /// A batch to be written to the socket.
    struct Transmission {
        /// Identifies the transmission in `answered`.
        let id: UInt64
        let batch: Batch
        /// Nil without idempotence.
        let identity: ProducerIdentity?
        /// −1 without idempotence.
        let baseSequence: Int32
        let attempt: Int
    }

    enum Next {
        case send(Transmission)
        /// A batch could be sent under a producer identity other than that of `stale`. The producer must obtain one
        /// first.
        case identityNeeded(stale: Int64?)
        /// Nothing can be sent before a new batch, an answer or a failure.
        case nothing
    }

    /// The consequence of an answer for its batch.
    enum Verdict: Equatable {
        case stored
        /// The batch stays in the queue and is sent again. `attempts` is the number of attempts so far.
        case retry(attempts: Int)
        /// The batch stays in the queue until its parts are passed to `split`.
        case split
        case failed(isOutcomeUnknown: Bool)
        /// The batch was given up earlier, and its result has been reported.
        case alreadyEnded
    }

    /// A batch that has ended without an answer.
    struct Ended {
        let batch: Batch
        let isOutcomeUnknown: Bool
        /// Whether the batch is in flight or being split, so that its memory is still in use.
        let isInUse: Bool
    }

    private struct Waiting {
        let batch: Batch
        let count: Int32
        let deadline: MonotonicTime
        /// Set while the batch is being split.
        var splitID: UInt64?
    }

    private enum Progress: Equatable {
        case inFlight
        /// In flight, but its records have been given up.
        case abandoned
        case waitingForRetry
        /// The broker rejected it as too large.
        case beingSplit
    }

    private struct Sent {
        let id: UInt64
        let batch: Batch
        let count: Int32
        let deadline: MonotonicTime
        var baseSequence: Int32
        var attempts: Int
        var progress: Progress
        /// Whether the outcome of an attempt is unknown.
        var mayBeStored: Bool
    }

    private enum Renumbering {
        case underNextEpoch
        case underNewProducerID
    }

    private let isIdempotent: Bool
    private let isTransactional: Bool
    private let maximumInFlight: Int
    /// Batches that were never sent.
    private var fresh = Deque<Waiting>()
    /// Batches that were sent at least once and have not ended, in the order of their sequences. At most
    /// `maximumInFlight`, except after a split.
    private var sent: [Sent] = []
    /// The number of batches that were sent and aren't answered.
    private(set) var inFlight = 0
    /// The number of batches that are being split. Nothing is sent meanwhile, so that later batches don't overtake
    /// them.
    private var beingSplit = 0
    private var isFlowing = false
    private var identity: ProducerIdentity?
    private var nextSequence: Int32 = 0
    private var renumbering: Renumbering?
    /// Whether a batch with an unknown outcome was given up. If it wasn't stored, its sequence is missing before the
    /// next ones.
    private var hasGap = false
    /// Whether the partition's log was replaced and no epoch has begun in the new one. Until then, an answer may refer
    /// to the old log.
    private var isLogNew = false
    private var nextID: UInt64 = 0

    init(isIdempotent: Bool, isTransactional: Bool = false, maximumInFlight: Int) {
        self.isIdempotent = isIdempotent
        self.isTransactional = isTransactional
        self.maximumInFlight = maximumInFlight
    }

    /// The number of batches that have not ended.
    var count: Int { self.fresh.count + self.sent.count }

    /// Whether a batch waits to be sent.
    var hasUnsent: Bool { !self.fresh.isEmpty || self.sent.count > self.inFlight }

    /// Whether another batch may be sent now.
    var canSend: Bool {
        self.beingSplit == 0 && (self.inFlight == 0 || (self.isFlowing && self.inFlight < self.maximumInFlight))
    }

    /// The batch that `next` would return.
    var upNext: Batch? {
        self.sent.first { $0.progress == .waitingForRetry }?.batch ?? self.fresh.first?.batch
    }

    /// The earliest deadline of all batches.
    var earliestDeadline: MonotonicTime? {
        let first = self.sent.first { $0.progress != .abandoned }?.deadline
        guard let fresh = self.fresh.first?.deadline else { return first }
        return first.map { min($0, fresh) } ?? fresh
    }

    /// The first of the batches that have not ended.
    var oldest: Batch? { self.sent.first { $0.progress != .abandoned }?.batch ?? self.fresh.first?.batch }

    /// The number of records in batches that have not ended.
    var recordCount: Int {
        self.sent.reduce(0) { $1.progress == .abandoned ? $0 : $0 + Int($1.count) }
            + self.fresh.reduce(0) { $0 + Int($1.count) }
    }

    /// All batches that have not ended, in order.
    var pending: [Batch] {
        self.sent.filter { $0.progress != .abandoned }.map(\.batch) + self.fresh.map(\.batch)
    }

    // MARK: Sending

    /// Adds a closed batch, which is given up at `deadline`.
    mutating func append(_ batch: Batch, count: Int32, deadline: MonotonicTime) {
        self.fresh.append(Waiting(batch: batch, count: count, deadline: deadline))
    }

    /// Returns the next batch to send. `available` is the producer's identity, if it has one.
    mutating func next(available: ProducerIdentity?) -> Next {
        guard self.hasUnsent, self.canSend else { return .nothing }
        if self.isTransactional {
            guard self.adopt(available) else { return .nothing }
        } else {
            self.beginEpochIfDue()
        }
        if let renumbering = self.renumbering {
            guard self.inFlight == 0 else { return .nothing }
            guard self.renumber(renumbering, available: available) else {
                return .identityNeeded(stale: self.identity?.id)
            }
        }
        if let index = self.sent.firstIndex(where: { $0.progress == .waitingForRetry }) {
            self.sent[index].progress = .inFlight
            self.sent[index].attempts += 1
            self.inFlight += 1
            return .send(self.transmission(self.sent[index]))
        }
        guard let first = self.fresh.first else { return .nothing }
        if self.isIdempotent, self.identity == nil {
            guard let available else { return .identityNeeded(stale: nil) }
            self.identity = available
        }
        _ = self.fresh.popFirst()
        let entry = Sent(
            id: self.takeID(), batch: first.batch, count: first.count, deadline: first.deadline,
            baseSequence: self.isIdempotent ? self.nextSequence : -1, attempts: 1, progress: .inFlight,
            mayBeStored: false)
        if self.isIdempotent { self.nextSequence = ProducerSequence.advance(self.nextSequence, by: first.count) }
        self.sent.append(entry)
        self.inFlight += 1
        return .send(self.transmission(entry))
    }

    /// Begins with the identity of a transaction. Returns false while batches of an earlier one, which were given up, are still in
    /// flight.
    private mutating func adopt(_ identity: ProducerIdentity?) -> Bool {
        guard identity != self.identity else { return true }
        guard self.sent.isEmpty else { return false }
        self.identity = identity
        self.nextSequence = 0
        self.isFlowing = false
        return true
    }

    /// The partition has another leader: everything in flight to the old one must be answered before a batch goes to
    /// the new one.
    mutating func leaderChanged() {
        self.isFlowing = false
    }

    /// The partition's log was replaced by one without state for this producer. A new epoch begins in it as soon as no
    /// sent batch may be stored in either log.
    mutating func logBeganAnew() {
        guard self.identity != nil, !self.isTransactional else { return }
        self.isFlowing = false
        self.isLogNew = true
    }

    private func transmission(_ entry: Sent) -> Transmission {
        Transmission(
            id: entry.id, batch: entry.batch, identity: self.identity, baseSequence: entry.baseSequence,
            attempt: entry.attempts)
    }

    private mutating func takeID() -> UInt64 {
        defer { self.nextID += 1 }
        return self.nextID
    }

    /// Begins an epoch after a gap, or in a new log, if no sent batch may be stored. Otherwise the broker might reject
    /// the next batch because of the gap, and if that answer were lost, that batch would have to be given up, too.
    private mutating func beginEpochIfDue() {
        guard self.hasGap || self.isLogNew, self.renumbering == nil, self.inFlight == 0,
            !self.sent.contains(where: \.mayBeStored)
        else { return }
        self.isFlowing = false
        self.renumbering = .underNextEpoch
    }

    /// Gives every sent batch a new sequence, from 0, under a new identity. Returns false if there is no new identity
    /// yet.
    private mutating func renumber(_ renumbering: Renumbering, available: ProducerIdentity?) -> Bool {
        var next: ProducerIdentity?
        if renumbering == .underNextEpoch { next = self.identity?.nextEpoch }
        if next == nil, let available, available.id != self.identity?.id { next = available }
        guard let next else { return false }
        self.identity = next
        self.nextSequence = 0
        for index in self.sent.indices {
            self.sent[index].baseSequence = self.nextSequence
            // The first batch was rejected as out of order, so no later one can have been stored.
            self.sent[index].mayBeStored = false
            self.nextSequence = ProducerSequence.advance(self.nextSequence, by: self.sent[index].count)
        }
        self.renumbering = nil
        self.hasGap = false
        self.isLogNew = false
        return true
    }

    // MARK: Answers

    /// Processes the answer to a transmission.
    mutating func answered(_ id: UInt64, _ answer: ProduceAnswer) -> Verdict {
        guard let index = self.sent.firstIndex(where: { $0.id == id }) else { return .alreadyEnded }
        let isAbandoned = self.sent[index].progress == .abandoned
        guard isAbandoned || self.sent[index].progress == .inFlight else { return .alreadyEnded }
        self.inFlight -= 1
        if answer == .stored || answer == .alreadyStored {
            if index == 0, !self.isLogNew { self.isFlowing = true }
            self.hasGap = false
            self.sent.remove(at: index)
            return isAbandoned ? .alreadyEnded : .stored
        }
        self.isFlowing = false
        if answer == .uncertain || answer == .failedUncertainly { self.sent[index].mayBeStored = true }
        if isAbandoned {
            self.remove(at: index)
            return .alreadyEnded
        }
        self.sent[index].progress = .waitingForRetry
        return self.verdict(on: answer, at: index)
    }

    private mutating func verdict(on answer: ProduceAnswer, at index: Int) -> Verdict {
        let mayBeStored = self.sent[index].mayBeStored
        let retry = Verdict.retry(attempts: self.sent[index].attempts)
        switch answer {
        case .stored, .alreadyStored:
            return .stored
        case .refusedForNow, .uncertain:
            return retry
        case .refused, .failedUncertainly:
            return self.fail(at: index)
        case .tooLarge:
            guard self.sent[index].count > 1, !mayBeStored else { return self.fail(at: index) }
            self.sent[index].progress = .beingSplit
            self.beingSplit += 1
            return .split
        case .outOfOrder, .unknownProducer, .staleEpoch:
            guard self.isIdempotent else { return self.fail(at: index) }
            // The batches before this one have not ended, and the broker rejected this one because they are missing.
            if index > 0 { return retry }
            if self.isTransactional { return self.fail(at: index) }
            // The batch follows everything that the broker is known to have stored, but the broker rejects its
            // sequence: earlier records were lost there, or given up here. If this batch itself may be stored, that
            // could be the reason, and a new sequence could store it twice. A broker without any state for the producer
            // can't have stored it.
            if mayBeStored, answer != .unknownProducer { return self.fail(at: index) }
            self.renumbering = answer == .staleEpoch ? .underNewProducerID : .underNextEpoch
            return retry
        }
    }

    private mutating func fail(at index: Int) -> Verdict {
        .failed(isOutcomeUnknown: self.remove(at: index).mayBeStored)
    }

    /// Removes a batch that has failed. If it was the last one sent and definitely not stored, its sequence is reused.
    /// If it may be stored, a new epoch begins before the next batch is sent. In the remaining case (not stored, but
    /// others were sent after it), the next answer decides: the broker accepts that batch or rejects it as out of
    /// order.
    @discardableResult
    private mutating func remove(at index: Int) -> Sent {
        let removed = self.sent.remove(at: index)
        if self.isIdempotent, index == self.sent.count, !removed.mayBeStored,
            self.nextSequence == ProducerSequence.advance(removed.baseSequence, by: removed.count)
        {
            self.nextSequence = removed.baseSequence
        }
        if self.isIdempotent, removed.mayBeStored { self.hasGap = true }
        return removed
    }

    // MARK: Splitting

    /// Begins to split the batch that `next` would return, if it was never sent. Returns the id for `split`.
    mutating func beginSplit() -> UInt64? {
        guard self.canSend, !self.sent.contains(where: { $0.progress == .waitingForRetry }),
            var whole = self.fresh.popFirst()
        else { return nil }
        let id = self.takeID()
        whole.splitID = id
        self.fresh.prepend(whole)
        self.beingSplit += 1
        return id
    }

    /// Replaces a batch that was being split by its parts, or removes it if there are none because it can't be split.
    /// If it was sent before, the parts share its sequence numbers. Returns false if the batch has ended in the
    /// meantime.
    mutating func split(_ id: UInt64, into parts: [(batch: Batch, count: Int32)]) -> Bool {
        self.beingSplit -= 1
        if let whole = self.fresh.first, whole.splitID == id {
            _ = self.fresh.popFirst()
            for part in parts.reversed() {
                self.fresh.prepend(Waiting(batch: part.batch, count: part.count, deadline: whole.deadline))
            }
            return true
        }
        guard let index = self.sent.firstIndex(where: { $0.id == id }) else { return false }
        guard !parts.isEmpty else {
            self.remove(at: index)
            return true
        }
        let whole = self.sent[index]
        var sequence = whole.baseSequence
        let entries = parts.map { part in
            let entry = Sent(
                id: self.takeID(), batch: part.batch, count: part.count, deadline: whole.deadline,
                baseSequence: sequence, attempts: whole.attempts, progress: .waitingForRetry, mayBeStored: false)
            if self.isIdempotent { sequence = ProducerSequence.advance(sequence, by: part.count) }
            return entry
        }
        self.sent.replaceSubrange(index...index, with: entries)
        return true
    }

    // MARK: Giving up

    /// Gives up the batches whose deadline has passed.
    mutating func expire(now: MonotonicTime) -> [Ended] {
        self.giveUp { $0 <= now }
    }

    /// Gives up all batches.
    mutating func giveUpAll() -> [Ended] {
        self.giveUp { _ in true }
    }

    private mutating func giveUp(_ isOver: (MonotonicTime) -> Bool) -> [Ended] {
        var ended: [Ended] = []
        // Iterates from the back, so that the sequences of batches that were definitely not stored can be reused.
        for index in self.sent.indices.reversed() where isOver(self.sent[index].deadline) {
            switch self.sent[index].progress {
            case .abandoned:
                continue
            case .inFlight:
                self.sent[index].progress = .abandoned
                ended.append(Ended(batch: self.sent[index].batch, isOutcomeUnknown: true, isInUse: true))
            case .waitingForRetry, .beingSplit:
                let removed = self.remove(at: index)
                ended.append(
                    Ended(
                        batch: removed.batch, isOutcomeUnknown: removed.mayBeStored,
                        isInUse: removed.progress == .beingSplit))
            }
        }
        ended.reverse()
        while let first = self.fresh.first, isOver(first.deadline) {
            _ = self.fresh.popFirst()
            ended.append(Ended(batch: first.batch, isOutcomeUnknown: false, isInUse: first.splitID != nil))
        }
        return ended
    }
}
