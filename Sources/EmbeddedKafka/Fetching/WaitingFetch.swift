// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol
import KafkaTransport

/// A Fetch request that waits for records (long polling). It is only used on the cluster's loop.
final class WaitingFetch {
    private let call: Call
    private let query: FetchQuery
    private let plan: FetchSessions.Plan
    private let id: Int
    private let partitions: [Partition]
    private var missing: Int
    /// The number of bytes that end the wait.
    private let wanted: Int
    private var timer: LoopTimer?

    /// Waits until `missing` more than the `present` bytes are available, a partition changes otherwise, or `timeout` has
    /// passed.
    init(
        _ query: FetchQuery, plan: FetchSessions.Plan, missing: Int, present: Int, timeout: Duration, _ call: Call
    ) {
        self.call = call
        self.query = query
        self.plan = plan
        self.missing = missing
        self.wanted = present + missing
        self.id = call.cluster.takeNumber()
        self.partitions = query.partitions(in: call.cluster)
        for partition in self.partitions { partition.waitingFetches[self.id] = self }
        call.cluster.waitingFetches[self.id] = self
        let cluster = call.cluster
        let id = self.id
        self.timer = cluster.after(timeout) { cluster.waitingFetches[id]?.finish() }
    }

    /// Counts bytes that were appended to one of the partitions.
    func credit(_ count: Int) {
        guard !self.query.isReadCommitted else {
            // Records of open transactions don't count, and their markers make them readable.
            if self.query.run(in: self.call.cluster).byteCount >= self.wanted { self.finish() }
            return
        }
        self.missing -= count
        if self.missing <= 0 { self.finish() }
    }

    /// Responds with the current state of the partitions.
    func finish() {
        guard self.call.cluster.waitingFetches.removeValue(forKey: self.id) != nil else { return }
        self.timer?.cancel()
        for partition in self.partitions { partition.waitingFetches[self.id] = nil }
        FetchEndpoint.answer(self.query.run(in: self.call.cluster), plan: self.plan, self.call)
    }
}
