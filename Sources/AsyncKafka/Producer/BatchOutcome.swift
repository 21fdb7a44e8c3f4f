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
    case failed(KafkaError)
    /// The broker rejected some records, by index. It didn't store the others only because they are in the same batch
    /// (KIP-467).
    case recordsRefused([Int32: KafkaError], others: KafkaError)
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
        var waiters: [(interest: Interest, promise: Promise<BatchResult>)] = []
        /// The number of records of this batch that are counted as undelivered.
        var unreported = 0
    }

    private let state = Lock(State())
    private let undelivered: UndeliveredRecords

    init(undelivered: UndeliveredRecords) {
        self.undelivered = undelivered
    }

    /// Ends the batch of `count` records. Resumes tasks, so call it outside of locks.
    func complete(_ result: BatchResult, count: Int) {
        let error = result.error
        if let error { self.undelivered.add(count, error) }
        let waiters: [(interest: Interest, promise: Promise<BatchResult>)]? = self.state.withLock { state in
            guard state.result == nil else { return nil }
            state.result = result
            if error != nil { state.unreported = count }
            defer { state.waiters = [] }
            return state.waiters
        }
        guard let waiters else {
            self.undelivered.subtract(error == nil ? 0 : count)
            return
        }
        // The count must be correct before a task resumes, because that task may call `flush` immediately.
        let isAsked = waiters.contains { $0.interest == .record }
        if isAsked { self.noteReported() }
        var isReported = false
        for waiter in waiters where waiter.interest == .record {
            if waiter.promise.fulfill(.success(result)) { isReported = true }
        }
        if isAsked, !isReported, let error {
            // All tasks that waited for a record have been cancelled in the meantime.
            self.state.withLock { $0.unreported = count }
            self.undelivered.add(count, error)
        }
        for waiter in waiters where waiter.interest == .end { waiter.promise.fulfill(.success(result)) }
    }

    /// Waits for the result. Throws only `.cancelled`.
    func wait(for interest: Interest) async throws(KafkaError) -> BatchResult {
        if let result = self.state.withLock({ $0.result }) { return self.report(result, interest) }
        let promise = Promise<BatchResult>()
        let result: BatchResult? = self.state.withLock { state in
            if state.result == nil { state.waiters.append((interest, promise)) }
            return state.result
        }
        if let result { return self.report(result, interest) }
        return try await promise.value()
    }

    private func report(_ result: BatchResult, _ interest: Interest) -> BatchResult {
        if interest == .record, result.error != nil { self.noteReported() }
        return result
    }

    private func noteReported() {
        let count = self.state.withLock { state in
            defer { state.unreported = 0 }
            return state.unreported
        }
        if count > 0 { self.undelivered.subtract(count) }
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
