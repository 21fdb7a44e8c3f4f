// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport

/// Everything that the parts of a consumer share, behind one lock: what is read, the membership, and the reader. Pure.
struct ConsumerState: Sendable {
    enum Phase: Hashable, Sendable {
        case open
        /// No more is handed out; the partitions are to be given up, by the reader or else by `run()`.
        case closing(ClosingSchedule)
        /// Somebody gives them up, or has.
        case releasing(ClosingSchedule)
        case closed

        var isReleasing: Bool { if case .releasing = self { true } else { false } }

        /// The times of closing, while it goes on.
        var schedule: ClosingSchedule? {
            switch self {
            case .closing(let schedule), .releasing(let schedule): schedule
            case .open, .closed: nil
            }
        }
    }

    /// What a reader has to do next.
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
    /// The topics that matched the pattern when the group was last told.
    var matched: Set<String> = []
    /// How long the group's committed offsets could not be read.
    var committedTrouble = JoiningTrouble()

    var reader = ReaderPlace.away(ReaderPlace.Absence())
    /// Sequences' iterators that exist.
    var iterators = 0
    /// Whether nobody asks for another element, whatever iterators and arrays there are.
    var isReaderGone = false
    /// Errors of the background that the reader has to hear of.
    var errors = Deque<KafkaError>()

    init(_ subscriptions: SubscriptionState, membership: Membership) {
        self.subscriptions = subscriptions
        self.membership = membership
    }

    // MARK: The reader

    /// What comes next for a reader, and who else has something to do now. One that holds records still (`poll`, which
    /// collects several batches) is told of nothing else: callbacks run only between two elements.
    mutating func nextForReader(now: MonotonicTime) -> (ReaderTask, Wakening) {
        // The group has given this member up by now. Who watches over that is told, and has a step for the reader next.
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

    /// Gives a batch into the reader's hand, unless its partition is not to be read any more: since it was taken, the process
    /// may have stood still for so long that it is somebody else's.
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

    /// Keeps an error of the background for the reader; one of a kind.
    mutating func report(_ error: KafkaError) {
        guard error.code != .cancelled, error.code != .closed else { return }
        if !self.errors.contains(where: { $0.code == error.code && $0.topic == error.topic }), self.errors.count < 16 {
            self.errors.append(error)
        }
    }

    // MARK: Commits

    /// Whether a partition is this consumer's to commit: any, unless a group distributes them.
    func mayCommit(_ partition: TopicPartition) -> Bool {
        switch self.subscriptions.subscription {
        case .topics, .pattern: self.subscriptions.partitions[partition] != nil
        case .none, .partitions: true
        }
    }
}
