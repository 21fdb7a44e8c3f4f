// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The fetches and look-ups of one partition that failed in a row and are retried.
struct PartitionRefusals: Sendable {
    private var attempts = FailedAttempts()
    private var report = FailureReport(patience: .seconds(3))

    /// Notes a failure, and returns whether to log it.
    ///
    /// - Parameter isToldElsewhere: whether the failure and its end are logged elsewhere.
    mutating func refused(_ error: KafkaError, now: MonotonicTime, isToldElsewhere: Bool) -> Bool {
        self.attempts.add(error, now: now)
        return !isToldElsewhere && self.report.failed(now: now) != nil
    }

    /// Notes a success, and returns whether to log the end of the failures.
    mutating func served() -> Bool {
        self.attempts = FailedAttempts()
        return self.report.succeeded()
    }

    /// Returns the last failure, if they have lasted for this time.
    ///
    /// - Parameter isTrying: whether an attempt is in progress, so that an old failure says nothing.
    func failure(after patience: Duration, now: MonotonicTime, isTrying: Bool) -> KafkaError? {
        guard self.attempts.span >= patience, let last = self.attempts.lastTime else { return nil }
        return isTrying && now - last >= patience ? nil : self.attempts.last
    }

    /// Returns the last failure, with the number of failures.
    func summary(now: MonotonicTime) -> KafkaError? { self.attempts.summary(now: now) }
}

/// What to log about a partition.
enum PartitionNotice: Sendable {
    /// The partition has been failing for a while.
    case refused(TopicPartition, KafkaError)
    /// The partition has recovered.
    case served(TopicPartition)
}

extension SubscriptionState {
    /// Notes a failed fetch or look-up that is retried.
    ///
    /// - Parameter isToldElsewhere: whether the failure and its end are logged elsewhere.
    mutating func refused(
        _ partition: TopicPartition, _ error: KafkaError, now: MonotonicTime, isToldElsewhere: Bool = false
    ) {
        // The cluster logs missing topics and leaders.
        let isToldElsewhere = isToldElsewhere || self.metadata.partition(partition)?.leader == nil
        let isNews = self.refusals[partition, default: PartitionRefusals()].refused(
            error, now: now, isToldElsewhere: isToldElsewhere)
        if isNews { self.partitionNotices.append(.refused(partition, error)) }
    }

    /// Notes that a broker has answered successfully for a partition.
    mutating func served(_ partition: TopicPartition) {
        guard !self.refusals.isEmpty, self.refusals[partition]?.served() == true else { return }
        self.partitionNotices.append(.served(partition))
    }

    /// Returns what to log about partitions since the last call.
    mutating func takePartitionNotices() -> [PartitionNotice] {
        defer { self.partitionNotices = [] }
        return self.partitionNotices
    }
}
