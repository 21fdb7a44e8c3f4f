// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// The state that the parts of a consumer share behind one lock: what is read, the membership, and the reader. Pure.
struct ConsumerState: Sendable {
    enum Phase: Hashable, Sendable {
        case open
        /// No more records are delivered. The reader or `run()` has to give up the partitions.
        case closing(ClosingSchedule)
        /// The partitions are being given up, or have been.
        case releasing(ClosingSchedule)
        case closed

        var isReleasing: Bool { if case .releasing = self { true } else { false } }

        /// The deadlines while the consumer is closing.
        var schedule: ClosingSchedule? {
            switch self {
            case .closing(let schedule), .releasing(let schedule): schedule
            case .open, .closed: nil
            }
        }
    }

    /// What the reader does next.
    enum ReaderTask: Sendable {
        case step(RebalanceStep)
        case batch(TakenBatch)
        case failure(KafkaError)
        case wait
        case end
    }

    var phase = Phase.open
    var subscriptions: SubscriptionState
    var membership: Membership
    /// The topics that matched the pattern when the group was last informed.
    var matched: Set<String> = []
    /// The failures of reading the group's committed offsets.
    var committedTrouble = JoiningTrouble()

    var reader = ReaderPlace.away(ReaderPlace.Absence())
    /// The number of existing iterators of sequences.
    var iterators = 0
    /// Whether no task asks for another element, regardless of existing iterators and arrays.
    var isReaderGone = false
    /// Whether offsets are committed only in transactions.
    var isInTransactions = false
    /// The partitions of commits that ended without an answer, so that a coordinator may yet store them.
    var unansweredCommits: Set<TopicPartition> = []
    /// Errors of background tasks that the reader has to receive.
    var errors = Deque<KafkaError>()
    var tally: ConsumerTally

    init(_ subscriptions: SubscriptionState, membership: Membership, tally: ConsumerTally = ConsumerTally()) {
        self.subscriptions = subscriptions
        self.membership = membership
        self.tally = tally
    }

    /// Counts rebalances, after a change of the membership.
    mutating func observeMembership(now: () -> MonotonicTime) {
        self.tally.rebalances.observe(self.membership.rebalancePhase, now: now)
    }

    /// Counts what the reader has received of batches that are no longer in hand.
    mutating func countReceived(now: MonotonicTime) {
        self.tally.received(self.subscriptions.received, now: now)
        self.subscriptions.received = ReceivedRecords()
    }

    /// What was counted until now, with what the reader has received of the batch in hand.
    func tallyWithBatchInHand(now: MonotonicTime) -> ConsumerTally {
        var received = self.subscriptions.received
        if let inHand = self.subscriptions.inHand { received.add(inHand) }
        var tally = self.tally
        tally.received(received, now: now)
        return tally
    }

    // MARK: The reader

    /// Returns what the reader does next, and which parts have to be woken. A reader that still holds records (`poll`,
    /// which collects several batches) gets only batches, because callbacks run between two elements.
    mutating func nextForReader(now: MonotonicTime) -> (ReaderTask, Wakening) {
        // The group has removed this member by now. The loop that watches the session is woken and offers the reader a
        // step.
        if self.phase == .open, self.isSessionOver(now: now) { return (.wait, [.clocks]) }
        if case .adding = self.reader {
            guard self.phase == .open, self.membership.step == nil, self.errors.isEmpty else { return (.wait, []) }
            return self.take()
        }
        if self.phase != .open { return (.end, []) }
        if self.membership.readerAsked() { return (.wait, [.membership, .reader]) }
        if let step = self.membership.stepBegan() { return (.step(step), []) }
        if let error = self.errors.popFirst() { return (.failure(error), []) }
        if let failure = self.membership.takeFailure() { return (.failure(failure), []) }
        return self.take()
    }

    /// Hands a batch to the reader, and returns whether it was. It isn't if its partition must not be read any more: if
    /// the process was suspended since the batch was taken, another member may own the partition.
    mutating func handOut(
        _ taken: TakenBatch, progress: ReadingProgress?, storage: RecordBatchStorage, now: MonotonicTime
    ) -> Bool {
        if self.isSessionOver(now: now) || self.membership.isLosing {
            self.subscriptions.putBack(taken)
            return false
        }
        return self.subscriptions.handOut(taken, progress: progress, storage: storage)
    }

    private func isSessionOver(now: MonotonicTime) -> Bool {
        self.membership.sessionDeadline.map { $0 <= now } ?? false
    }

    private mutating func take() -> (ReaderTask, Wakening) {
        let (taken, wakening) = self.subscriptions.take()
        switch taken {
        case .batch(let batch): return (.batch(batch), wakening)
        case .failure(let failure): return (.failure(failure), wakening)
        case .nothing: return (.wait, wakening)
        }
    }

    /// Whether a rebalance, an error or the end comes before the next batch.
    func hasOtherTask(now: MonotonicTime) -> Bool {
        self.phase != .open || self.membership.step != nil || !self.errors.isEmpty || self.isSessionOver(now: now)
            || self.membership.isLosing
    }

    /// Keeps a background task's error for the reader, once per code and topic.
    mutating func report(_ error: KafkaError) {
        guard error.code != .cancelled, error.code != .closed else { return }
        if !self.errors.contains(where: { $0.code == error.code && $0.topic == error.topic }), self.errors.count < 16 {
            self.errors.append(error)
        }
    }

    // MARK: Commits

    /// Whether this consumer may commit offsets of a partition. If a group distributes the partitions, it has to own
    /// the partition.
    func mayCommit(_ partition: TopicPartition) -> Bool {
        switch self.subscriptions.subscription {
        case .topics, .pattern: self.subscriptions.partitions[partition] != nil
        case .none, .partitions: true
        }
    }
}
