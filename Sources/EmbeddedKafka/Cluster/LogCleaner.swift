// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// The timer of the cleaner, which removes expired records and compacts logs.
///
/// It runs only while a log has something that time can remove.
struct LogCleaner {
    fileprivate var timer: LoopTimer?
}

extension EmbeddedCluster {
    /// Runs the cleaner after its interval, unless it is waiting for that already.
    func cleanLater() {
        guard self.cleaner.timer == nil, self.awaitsCleaning else { return }
        self.cleaner.timer = self.after(self.configuration.cleaningInterval) {
            self.cleaner.timer = nil
            self.clean(isForced: false)
            self.cleanLater()
        }
    }

    var isCleanerWaiting: Bool { self.cleaner.timer != nil }

    private var awaitsCleaning: Bool {
        self.topics.values.contains { topic in
            topic.partitions.contains { $0.log.awaitsCleaning(self.settings(of: topic, $0)) }
        }
    }

    /// Removes expired records and compacts logs.
    ///
    /// - Parameter isForced: Whether all logs are compacted, whatever `min.cleanable.dirty.ratio` says.
    func clean(isForced: Bool) {
        let now = self.wallMilliseconds
        for topic in self.topics.values {
            for partition in topic.partitions {
                let settings = self.settings(of: topic, partition)
                self.expire(partition, settings, now: now)
                if settings.isCompacted, isForced || partition.log.needsCompaction(settings, now: now) {
                    partition.log.compact(settings, now: now)
                }
            }
        }
    }

    private func expire(_ partition: Partition, _ settings: LogSettings, now: Int64) {
        let start = partition.log.startOffset
        if let time = settings.retentionTime {
            let (limit, overflows) = now.subtractingReportingOverflow(time)
            if !overflows { _ = partition.log.expire(before: limit) }
        }
        if let bytes = settings.retentionBytes { partition.log.retain(bytes: Int(bytes)) }
        if partition.log.startOffset > start { self.wakeFetches(of: partition) }
    }

    /// Returns the settings of a topic as the partition's leader has them.
    private func settings(of topic: Topic, _ partition: Partition) -> LogSettings {
        topic.settings(at: partition.leader ?? self.controllerID, in: self.settings)
    }
}
