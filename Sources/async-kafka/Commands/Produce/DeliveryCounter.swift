// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Counts what becomes of the records of a producer.
struct DeliveryCounter: Sendable {
    private(set) var acknowledged = 0
    private(set) var failed = 0
    /// The reason of the first failure.
    private(set) var firstError: KafkaError?
    private var pending: [Delivery] = []
    /// The number of pending deliveries that are counted already.
    private var countedCount = 0

    /// The deliveries to keep at most. More are in memory only if the producer has room for more.
    private static let maximumPending = 50_000

    /// Throws the reason if a record has failed, since those that follow would most likely fail too.
    mutating func add(_ delivery: Delivery) async throws(KafkaError) {
        self.pending.append(delivery)
        guard self.pending.count - self.countedCount >= Self.maximumPending else { return }
        // The oldest half is done by now, most likely, so that this doesn't wait.
        while self.pending.count - self.countedCount > Self.maximumPending / 2 { try await self.countOldest() }
        self.pending.removeFirst(self.countedCount)
        self.countedCount = 0
        if let firstError { throw firstError }
    }

    /// Waits for all deliveries. The task must not be cancelled.
    mutating func finish() async {
        while self.countedCount < self.pending.count {
            do { try await self.countOldest() } catch { return }
        }
    }

    /// Throws only if the task is cancelled.
    private mutating func countOldest() async throws(KafkaError) {
        do throws(KafkaError) {
            _ = try await self.pending[self.countedCount].metadata
            self.acknowledged += 1
        } catch {
            if error.code == .cancelled, Task.isCancelled { throw error }
            self.failed += 1
            self.firstError = self.firstError ?? error
        }
        self.countedCount += 1
    }

    func summary(topic: String) -> String {
        let records = self.acknowledged == 1 ? "1 record" : "\(self.acknowledged.grouped) records"
        guard self.failed > 0 else { return "\(records) written to \(topic)" }
        return "\(records) written to \(topic), \(self.failed.grouped) failed"
    }
}

extension Int {
    /// The number with commas between thousands, such as `200,000`.
    var grouped: String {
        var digits = String(self.magnitude)
        for position in stride(from: digits.count - 3, to: 0, by: -3) {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: position))
        }
        return self < 0 ? "-" + digits : digits
    }
}
