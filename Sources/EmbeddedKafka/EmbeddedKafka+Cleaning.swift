// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

extension EmbeddedKafka {
    /// Runs the cleaner at once: removes the records that `retention.ms` and `retention.bytes` don't keep, and compacts all
    /// topics with `compact` in their `cleanup.policy`.
    ///
    /// The cleaner also runs by the clock, every ``EmbeddedKafka/Configuration/cleaningInterval``, and then compacts a log only if
    /// `min.cleanable.dirty.ratio` or `max.compaction.lag.ms` call for it. In contrast to Kafka, the newest records can be
    /// removed too, because no segment is kept for being written to.
    ///
    /// - Throws: ``EmbeddedKafkaError`` if the cluster has been stopped.
    public func clean() async throws(EmbeddedKafkaError) {
        try await self.onLoop { cluster in cluster.clean(isForced: true) }
    }
}
