// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The signals that the parts of a consumer wait for. Each part is given its own when it is created, and only
/// `ConsumerCore.wake` raises them.
struct ConsumerSignals: Sendable {
    /// For the task that reads, inside `ConsumerReader.next`.
    let reader = Signal()
    /// For the `Fetcher`, and its loop for each broker.
    let fetchers = FetcherTable()
    /// For the `PositionFinder`'s look-ups.
    let positions = Signal()
    /// For tasks that wait for the position of a partition.
    let positionWaiters = WaiterList()
    /// For automatic commits, when one is due before the interval is over.
    let commits = Signal()
    /// For `ConsumerLife`, while closing waits for the reader.
    let closing = Signal()
    /// For the driver of the membership.
    let membership = MembershipSignals()
}

/// The parts of a consumer that have to look at the state again after a change.
struct Wakening: OptionSet, Sendable {
    let rawValue: Int

    /// The reader, for records, errors and steps of a rebalance.
    static let reader = Wakening(rawValue: 1)
    /// The fetcher, when there is room in the buffer or another partition to fetch.
    static let fetchers = Wakening(rawValue: 2)
    /// The look-up of positions.
    static let positions = Wakening(rawValue: 4)
    /// The tasks that wait for the position of a partition.
    static let positionWaiters = Wakening(rawValue: 8)
    /// Automatic commits.
    static let commits = Wakening(rawValue: 16)
    /// Closing, when the reader may have ended.
    static let closing = Wakening(rawValue: 32)
    /// All loops of the membership's driver.
    static let membership = Wakening(rawValue: 64)
    /// Only its loop that watches the session and the poll interval.
    static let clocks = Wakening(rawValue: 128)
    /// The cluster, which has to request metadata because a leader has moved.
    static let metadata = Wakening(rawValue: 256)
}
