// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// Fetches and look-ups of one partition that failed in a row, and are tried again.
struct PartitionRefusals: Sendable {
    private var attempts = FailedAttempts()
    private var report = FailureReport(patience: .seconds(3))

    /// Returns whether that is to be told.
    ///
    /// - Parameter isToldElsewhere: whether the log hears of it anyway. Then it does of the end, too.
    mutating func refused(_ error: KafkaError, now: MonotonicTime, isToldElsewhere: Bool) -> Bool {
        self.attempts.add(error, now: now)
        return !isToldElsewhere && self.report.failed(now: now) != nil
    }

    /// Returns whether that they have ended is to be told.
    mutating func served() -> Bool {
        self.attempts = FailedAttempts()
        return self.report.succeeded()
    }

    /// The last one, which says how many there were.
    func summary(now: MonotonicTime) -> KafkaError? { self.attempts.summary(now: now) }
}

/// What the log is to say of a partition.
enum PartitionNotice: Sendable {
    /// It has been refused for a while.
    case refused(TopicPartition, KafkaError)
    /// It is refused no more.
    case served(TopicPartition)
}

extension SubscriptionState {
    /// A fetch or a look-up of a partition failed and is tried again.
    ///
    /// - Parameter isToldElsewhere: whether the log hears of it anyway.
    mutating func refused(
        _ partition: TopicPartition, _ error: KafkaError, now: MonotonicTime, isToldElsewhere: Bool = false
    ) {
        // Of a topic or leader that is not there, the cluster tells.
        let isToldElsewhere = isToldElsewhere || self.metadata.partition(partition)?.leader == nil
        let isNews = self.refusals[partition, default: PartitionRefusals()].refused(
            error, now: now, isToldElsewhere: isToldElsewhere)
        if isNews { self.partitionNotices.append(.refused(partition, error)) }
    }

    /// A broker has answered for a partition as it should.
    mutating func served(_ partition: TopicPartition) {
        guard !self.refusals.isEmpty, self.refusals[partition]?.served() == true else { return }
        self.partitionNotices.append(.served(partition))
    }

    /// What the log is to say of partitions since the last call.
    mutating func takePartitionNotices() -> [PartitionNotice] {
        defer { self.partitionNotices = [] }
        return self.partitionNotices
    }
}
