// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaTransport

extension KafkaConsumer {
    /// Whether the consumer can do its work, for a readiness probe. Sends no request, and can be read at any time from any task.
    ///
    /// It is `ready` while it runs, reaches the cluster, is a member of its group if it subscribes to topics, and fetches its
    /// partitions, and also if it has none. A member is not ready after the group has removed it, for example because the reader has
    /// not asked for records within `maxPollInterval`.
    public var health: KafkaHealth {
        let core = self.core
        let now = core.loop.now
        let (isOpen, reasons) = core.state.withLock { state in
            (state.phase == .open, state.healthReasons(now: now))
        }
        return isOpen ? core.cluster.health.adding(reasons) : .stopped
    }
}

extension ConsumerState {
    fileprivate func healthReasons(now: MonotonicTime) -> [KafkaHealth.Reason] {
        var reasons: [KafkaHealth.Reason] = []
        switch self.subscriptions.subscription {
        case .topics, .pattern:
            if let reason = self.membership.reasonForAbsence {
                reasons.append(.init(.notInGroup, reason))
            }
        case .none, .partitions: break
        }
        let failing = self.subscriptions.refusals.compactMap {
            partition, refusals -> (partition: TopicPartition, message: String)? in
            refusals.failure(after: KafkaHealth.patience, now: now).map { (partition, $0.message) }
        }
        if let reason = KafkaHealth.reason(.partitionsNotRead, failing) { reasons.append(reason) }
        return reasons
    }
}
