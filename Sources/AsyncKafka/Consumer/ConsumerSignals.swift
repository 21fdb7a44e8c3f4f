// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Wakes the parts of a consumer. Each part has its own signal from here and waits for it alone; `ConsumerCore.wake` raises
/// them.
struct ConsumerSignals: Sendable {
    /// For the task that reads, inside `ConsumerReader.next`.
    let reader = Signal()
    /// For the `Fetcher`, and its loop for each broker.
    let fetchers = FetcherTable()
    /// For the `PositionFinder`'s look-ups.
    let positions = Signal()
    /// For tasks that have asked for a position.
    let positionWaiters = WaiterList()
    /// For automatic commits, before their time.
    let commits = Signal()
    /// For the end of `run()`, while it waits for the reader.
    let closing = Signal()
    /// For the membership's driver.
    let membership = MembershipSignals()
}

/// Who has to look at the state again after it has changed.
struct Wakening: OptionSet, Sendable {
    let rawValue: Int

    /// The reader: there are records, or something else to tell it.
    static let reader = Wakening(rawValue: 1)
    /// The fetchers: there is room, or something else to ask for.
    static let fetchers = Wakening(rawValue: 2)
    /// The look-up of positions.
    static let positions = Wakening(rawValue: 4)
    /// Tasks that have asked for a position.
    static let positionWaiters = Wakening(rawValue: 8)
    /// Automatic commits.
    static let commits = Wakening(rawValue: 16)
    /// The end of `run()`.
    static let closing = Wakening(rawValue: 32)
    /// All that the membership's driver does.
    static let membership = Wakening(rawValue: 64)
    /// Its watch over what has a limit in time.
    static let clocks = Wakening(rawValue: 128)
    /// The cluster's metadata: a leader is not where it was thought to be.
    static let metadata = Wakening(rawValue: 256)
}
