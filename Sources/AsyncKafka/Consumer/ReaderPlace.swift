// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Synchronization

/// The state of the task that reads.
enum ReaderPlace: Sendable {
    /// It processes its records or has not started.
    case away(Absence)
    /// It waits for an element, and has processed all earlier ones.
    case waiting
    /// It holds some records and takes more without waiting (`poll`).
    case adding(since: MonotonicTime)
    /// It performs a step of a rebalance, between two elements.
    case inStep(Step)

    struct Absence: Sendable {
        /// The start of the maximum poll interval; nil before there is an assignment.
        var since: MonotonicTime?
        /// The last known offset of a reader of single records in its batch.
        var progress: Int64?
        /// Whether it holds an array of records, which count as processed when it asks again.
        var hasArray = false
    }

    struct Step: Sendable {
        let since: MonotonicTime
        /// The listener's callback while it runs.
        var callback: Task<KafkaError?, Never>?
        /// The step that follows because `unsubscribe()` was called inside the callback.
        var owed: RebalanceStep?
    }

    /// The start of the maximum poll interval; nil while it isn't running.
    var busySince: MonotonicTime? {
        switch self {
        case .away(let absence): absence.since
        case .waiting: nil
        case .adding(let since): since
        case .inStep(let step): step.since
        }
    }
}

/// Transitions of the reader's state.
extension ConsumerState {
    /// Notes that the reader asks for an element, having processed all earlier ones. Returns an error if it can't get one.
    mutating func readerComes(now: MonotonicTime) -> KafkaError? {
        guard case .away = self.reader else {
            return KafkaError(.illegalState, "Two tasks read from one consumer at the same time.")
        }
        self.reader = .waiting
        self.tally.readerAsked(now: now)
        let failure = self.subscriptions.readerAsked()
        self.countReceived(now: now)
        if failure != nil { self.readerGoes(now: now) }
        return failure
    }

    /// Notes that the reader has some records and takes more into the same array.
    mutating func readerAdds(now: MonotonicTime) {
        if case .waiting = self.reader { self.reader = .adding(since: now) }
    }

    /// Notes that the reader returns, with or without an element.
    ///
    /// - Parameter hasArray: Whether it holds an array of records, which it processes before it asks again.
    mutating func readerGoes(now: MonotonicTime, hasArray: Bool = false) {
        self.reader = .away(ReaderPlace.Absence(since: now, hasArray: hasArray))
        self.tally.readerWent(now: now)
    }

    /// Starts the maximum poll interval if the reader has not started yet.
    mutating func expectReader(now: MonotonicTime) {
        if case .away(let absence) = self.reader, absence.since == nil { self.readerGoes(now: now) }
    }

    /// Forgets the array that the reader holds, so that closing doesn't wait until it is processed.
    mutating func forgetArray() {
        guard case .away(var absence) = self.reader else { return }
        absence.hasArray = false
        self.reader = .away(absence)
    }

    /// Whether there is a reader that gives up the partitions itself, between two elements.
    var hasReader: Bool {
        guard case .away(let absence) = self.reader else { return true }
        return !self.isReaderGone && (self.iterators > 0 || absence.hasArray)
    }

    /// Makes a reader of single records query the consumer before its next record.
    func interruptReader() {
        self.subscriptions.inHand?.progress?.interrupt()
    }

    /// The end of the maximum poll interval, if it is running.
    mutating func pollDeadline(now: MonotonicTime, interval: Duration) -> MonotonicTime? {
        guard self.membership.isPollIntervalRunning, let since = self.reader.busySince else { return nil }
        // A reader of single records takes the next one without taking the lock, so its progress is checked here.
        if case .away(var absence) = self.reader,
            let progress = self.subscriptions.inHand?.progress?.current.load(ordering: .relaxed),
            progress != absence.progress
        {
            absence.progress = progress
            absence.since = now
            self.reader = .away(absence)
            return now + interval
        }
        return since + interval
    }

    // MARK: Steps

    /// Notes that the reader begins a step. The maximum poll interval also runs during a step.
    mutating func readerBeginsStep(now: MonotonicTime) {
        self.reader = .inStep(ReaderPlace.Step(since: now))
    }

    /// Notes that the reader has completed the step. Returns the one that follows, if any.
    mutating func readerEndsStep() -> RebalanceStep? {
        let owed = self.takeOwedStep()
        self.reader = .waiting
        return owed
    }

    /// The callback that runs on the reader's task.
    var callback: Task<KafkaError?, Never>? {
        get { if case .inStep(let step) = self.reader { step.callback } else { nil } }
        set {
            guard case .inStep(var step) = self.reader else { return }
            step.callback = newValue
            self.reader = .inStep(step)
        }
    }

    /// Schedules a step for when the running callback has returned. Returns false if no callback is running.
    mutating func owe(_ owed: RebalanceStep) -> Bool {
        guard case .inStep(var step) = self.reader, step.callback != nil else { return false }
        step.owed = owed
        self.reader = .inStep(step)
        return true
    }

    /// Returns and removes the step that follows the callback.
    mutating func takeOwedStep() -> RebalanceStep? {
        guard case .inStep(var step) = self.reader, let owed = step.owed else { return nil }
        step.owed = nil
        self.reader = .inStep(step)
        return owed
    }
}
