// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaMemory
import KafkaProtocol

/// The result of a batch.
enum BatchResult: Sendable {
    /// The offset and the time are nil if the broker didn't return them.
    case stored(baseOffset: Int64?, logAppendTime: Int64?)
    // Errors are indirect, because each waiting task gets a copy of a result, which nearly always has none.
    indirect case failed(KafkaError)
    /// The broker rejected some records, by index. It didn't store the others only because they are in the same batch
    /// (KIP-467).
    indirect case recordsRefused([Int32: KafkaError], others: KafkaError)
    /// The batch was too large and was replaced by these batches, each with its number of records.
    case split([(batch: ProducerBatch, count: Int32)])
}

/// Counts failed records whose delivery no task has awaited, so that `flush` and closing can report them.
final class UndeliveredRecords: Sendable {
    struct Report: Sendable {
        var count = 0
        var first: KafkaError?
        var isOutcomeUnknown = false
    }

    private let report = Lock(Report())

    func add(_ count: Int, _ error: KafkaError) {
        self.report.withLock { report in
            report.count += count
            if report.first == nil { report.first = error }
            if error.isOutcomeUnknown { report.isOutcomeUnknown = true }
        }
    }

    /// Removes records whose delivery a task has awaited after all.
    func subtract(_ count: Int) {
        self.report.withLock { report in
            report.count = max(0, report.count - count)
            if report.count == 0 { report = Report() }
        }
    }

    /// Returns an error about the records counted since the last call, or nil if there are none.
    func take() -> KafkaError? {
        let report = self.report.withLock { report in
            defer { report = Report() }
            return report
        }
        guard report.count > 0, let first = report.first else { return nil }
        var error = first
        let records = report.count == 1 ? "1 record was" : "\(report.count) records were"
        error.message = "\(records) not delivered. The first: \(first.message)"
        error.isOutcomeUnknown = report.isOutcomeUnknown
        error.underlyingError = first
        return error
    }
}

/// The result of a batch, which is set once, and the tasks that wait for it.
final class BatchOutcome: Sendable {
    /// The reason why a task waits.
    enum Interest: Sendable {
        /// The task needs the result of a record.
        case record
        /// The task only needs to know that the batch has ended.
        case end
    }

    private struct State {
        var result: BatchResult?
        var waiting = WaitingTasks<BatchResult>()
        /// The number of waiting tasks that need the result of a record.
        var interested = 0
        /// The number of records of this batch that are counted as undelivered.
        var unreported = 0

        /// Returns the result if there is one, and how many records no longer count as undelivered, because a task learns of them.
        mutating func take(for interest: Interest) -> (result: BatchResult, reported: Int)? {
            guard let result = self.result else { return nil }
            guard interest == .record else { return (result, 0) }
            defer { self.unreported = 0 }
            return (result, self.unreported)
        }
    }

    private let state = Lock(State())
    private let undelivered: UndeliveredRecords

    init(undelivered: UndeliveredRecords) {
        self.undelivered = undelivered
    }

    /// Ends the batch of `count` records. Resumes tasks, so call it outside of locks.
    func complete(_ result: BatchResult, count: Int) {
        let tasks = self.state.withLock { state -> [WaitingTasks<BatchResult>.Continuation] in
            guard state.result == nil else { return [] }
            state.result = result
            // The count must be correct before a task resumes, because that task may call `flush` immediately.
            if let error = result.error, state.interested == 0 {
                state.unreported = count
                self.undelivered.add(count, error)
            }
            return state.waiting.end()
        }
        for task in tasks { task.resume(returning: result) }
    }

    /// Waits for the result. Throws only `.cancelled`.
    func wait(for interest: Interest) async throws(KafkaError) -> BatchResult {
        let place: Int
        switch self.enter(interest) {
        case .ended(let result): return result
        case .waiting(let taken): place = taken
        }
        // Assigned instead of returned: the functions of the runtime are generic, and copy a result as slowly as generic code does.
        var result: BatchResult?
        await withTaskCancellationHandler {
            result = await withUnsafeContinuation { self.suspend($0, at: place, interest) }
        } onCancel: {
            self.cancel(at: place, interest)
        }
        guard let result else {
            self.leave(place)
            throw .cancelled
        }
        return result
    }

    // MARK: The steps of a wait, which tests take one by one

    enum Entry {
        case ended(BatchResult)
        case waiting(place: Int)
    }

    func enter(_ interest: Interest) -> Entry {
        let (entry, reported): (Entry, Int) = self.state.withLock { state in
            if let (result, reported) = state.take(for: interest) { return (.ended(result), reported) }
            if interest == .record { state.interested += 1 }
            return (.waiting(place: state.waiting.enter()), 0)
        }
        if reported > 0 { self.undelivered.subtract(reported) }
        return entry
    }

    /// Keeps the continuation of a task that has entered, or resumes it if it was cancelled or there is a result by now.
    func suspend(_ continuation: WaitingTasks<BatchResult>.Continuation, at place: Int, _ interest: Interest) {
        let (isSuspended, ended): (Bool, (result: BatchResult, reported: Int)?) = self.state.withLock { state in
            if let ended = state.take(for: interest) { return (false, ended) }
            return (state.waiting.suspend(continuation, at: place), nil)
        }
        guard !isSuspended else { return }
        if let ended, ended.reported > 0 { self.undelivered.subtract(ended.reported) }
        continuation.resume(returning: ended?.result)
    }

    func cancel(at place: Int, _ interest: Interest) {
        let continuation: WaitingTasks<BatchResult>.Continuation? = self.state.withLock { state in
            guard state.result == nil else { return nil }
            if interest == .record { state.interested -= 1 }
            return state.waiting.cancel(at: place)
        }
        continuation?.resume(returning: nil)
    }

    /// Places end with the result.
    private func leave(_ place: Int) {
        self.state.withLock { state in
            if state.result == nil { state.waiting.leave(place) }
        }
    }
}

extension BatchResult {
    /// The error of the first failed record, if any.
    var error: KafkaError? {
        switch self {
        case .stored, .split: nil
        case .failed(let error): error
        case .recordsRefused(let errors, let others): errors.min { $0.key < $1.key }?.value ?? others
        }
    }
}
