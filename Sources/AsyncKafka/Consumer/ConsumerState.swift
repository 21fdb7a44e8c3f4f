// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol
import KafkaTransport
import Synchronization

/// Everything that the parts of a consumer share, behind one lock: what is read, the membership, and the reader. Pure.
struct ConsumerState: Sendable {
    enum Phase: Hashable, Sendable {
        case open
        /// No more is handed out; the partitions are to be given up.
        case closing(ClosingSchedule)
        case closed
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

    /// Whether a task is inside the wait for an element.
    var isReading = false
    /// Sequences' iterators that exist.
    var iterators = 0
    /// The reader has an array of records, and is not done with them before it asks again.
    var isCollecting = false
    /// Since when the reader has not asked for anything; nil while it waits.
    var busySince: MonotonicTime?
    /// How far a reader of single records was when that was last looked at.
    var observedProgress: Int64?
    /// Errors of the background that the reader has to hear of.
    var errors = Deque<KafkaError>()
    /// The listener's callback that runs on the reader's task.
    var callback: Task<KafkaError?, Never>?
    /// The step that follows it: `unsubscribe()` was called inside it.
    var owedStep: RebalanceStep?
    /// Somebody gives the last partitions up, or has.
    var isLettingGo = false

    init(_ subscriptions: SubscriptionState, membership: Membership) {
        self.subscriptions = subscriptions
        self.membership = membership
    }

    // MARK: The reader

    /// The reader asks. It is done with everything that it has had.
    mutating func readerAsked() -> KafkaError? {
        self.busySince = nil
        self.observedProgress = nil
        self.isCollecting = false
        return self.subscriptions.readerAsked()
    }

    /// Whether somebody reads, who gives the partitions up between two elements.
    var hasReader: Bool { self.iterators > 0 || self.isReading || self.isCollecting }

    /// Nobody reads any more.
    mutating func readerIsGone() {
        self.iterators = 0
        self.isCollecting = false
    }

    /// What comes next for a reader, and who else has something to do now. One that holds records still (`poll`, which
    /// collects several batches) is told of nothing else: callbacks run only between two elements.
    mutating func nextForReader(holdsRecords: Bool, now: MonotonicTime) -> (ReaderTask, Wakening) {
        // The group has given this member up by now. Who watches over that is told, and has a step for the reader next.
        if self.phase == .open, self.isSessionOver(now: now) { return (.wait, [.clocks]) }
        if holdsRecords {
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

    /// Makes a reader of single records ask before its next one.
    func interruptReader() {
        self.subscriptions.inHand?.progress?.interrupt()
    }

    /// When the reader should have asked for something at the latest, if it is expected to.
    mutating func pollDeadline(now: MonotonicTime, interval: Duration) -> MonotonicTime? {
        guard self.membership.isPollIntervalRunning, let since = self.busySince else { return nil }
        // A reader of single records asks for each without saying so.
        if let progress = self.subscriptions.inHand?.progress?.current.load(ordering: .relaxed),
            progress != self.observedProgress
        {
            self.observedProgress = progress
            self.busySince = now
            return now + interval
        }
        return since + interval
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
