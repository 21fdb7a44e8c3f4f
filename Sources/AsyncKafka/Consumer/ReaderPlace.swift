// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport
import Synchronization

/// Where the one task that reads is.
enum ReaderPlace: Sendable {
    /// At work on what it was given, or not come yet.
    case away(Absence)
    /// It waits for an element, and is done with all that it was given.
    case waiting
    /// It has some records, and takes what else is there without waiting (`poll`).
    case adding(since: MonotonicTime?)
    /// It does a step of a rebalance, between two elements.
    case inStep(Step)

    struct Absence: Sendable {
        /// Since when it is expected to ask; nil as long as there is nothing to ask for.
        var since: MonotonicTime?
        /// How far a reader of single records was in its batch when that was last looked at.
        var progress: Int64?
        /// It has an array of records, and is not done with them before it asks again.
        var hasArray = false
    }

    struct Step: Sendable {
        let since: MonotonicTime
        /// The listener's callback, as long as it runs.
        var callback: Task<KafkaError?, Never>?
        /// The step that follows: `unsubscribe()` was called inside the callback.
        var owed: RebalanceStep?
    }

    /// Since when it has not asked for anything, although it is expected to; nil while it waits.
    var busySince: MonotonicTime? {
        switch self {
        case .away(let absence): absence.since
        case .waiting: nil
        case .adding(let since): since
        case .inStep(let step): step.since
        }
    }
}

/// The reader comes and goes.
extension ConsumerState {
    /// It comes for more. An error sends it away again.
    ///
    /// - Parameter isAsking: whether it is done with everything that it has had.
    mutating func readerComes(isAsking: Bool, now: MonotonicTime) -> KafkaError? {
        guard case .away(let absence) = self.reader else {
            return KafkaError(.illegalState, "Two tasks read from one consumer at the same time.")
        }
        guard isAsking else {
            self.reader = .adding(since: absence.since)
            return nil
        }
        self.reader = .waiting
        let failure = self.subscriptions.readerAsked()
        if failure != nil { self.readerGoes(now: now) }
        return failure
    }

    /// It goes, with what it was given.
    mutating func readerGoes(now: MonotonicTime) {
        self.reader = .away(ReaderPlace.Absence(since: now))
    }

    /// It has an array of records, or is done with it.
    mutating func readerHasArray(_ hasArray: Bool) {
        guard case .away(var absence) = self.reader else { return }
        absence.hasArray = hasArray
        self.reader = .away(absence)
    }

    /// There is something to ask for: a reader that has not begun has to, in time.
    mutating func expectReader(now: MonotonicTime) {
        if case .away(let absence) = self.reader, absence.since == nil { self.readerGoes(now: now) }
    }

    /// Nobody reads any more.
    mutating func readerIsGone() {
        self.iterators = 0
        self.readerHasArray(false)
    }

    /// Whether somebody reads, who gives the partitions up between two elements.
    var hasReader: Bool {
        guard case .away(let absence) = self.reader else { return true }
        return self.iterators > 0 || absence.hasArray
    }

    /// Makes a reader of single records ask before its next one.
    func interruptReader() {
        self.subscriptions.inHand?.progress?.interrupt()
    }

    /// When the reader should have asked for something at the latest, if it is expected to.
    mutating func pollDeadline(now: MonotonicTime, interval: Duration) -> MonotonicTime? {
        guard self.membership.isPollIntervalRunning, let since = self.reader.busySince else { return nil }
        // A reader of single records asks for each without saying so.
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

    /// The reader begins with a step. From here on the maximum poll interval runs, as it does while it works on records.
    mutating func readerBeginsStep(now: MonotonicTime) {
        self.reader = .inStep(ReaderPlace.Step(since: now))
    }

    /// It has done the step. The step that follows, if there is one.
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

    /// Leaves a step to be done when the running callback has returned. False if none runs.
    mutating func owe(_ owed: RebalanceStep) -> Bool {
        guard case .inStep(var step) = self.reader, step.callback != nil else { return false }
        step.owed = owed
        self.reader = .inStep(step)
        return true
    }

    /// The step that was left to be done. It is taken once.
    mutating func takeOwedStep() -> RebalanceStep? {
        guard case .inStep(var step) = self.reader, let owed = step.owed else { return nil }
        step.owed = nil
        self.reader = .inStep(step)
        return owed
    }
}
