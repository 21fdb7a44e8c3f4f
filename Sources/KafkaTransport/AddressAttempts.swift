// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The addresses of a host that are left to try, all within a deadline. Pure.
struct AddressAttempts: Sendable {
    let addresses: [SocketAddress]
    let deadline: MonotonicTime
    /// The places of those that have not failed, in the order in which they are tried.
    private(set) var remaining: [Int]

    /// How long after one connection the next begins beside it (RFC 8305).
    static let delay = Duration.milliseconds(250)
    /// A share that is enough for TLS and an answer from a broker that is far away or busy.
    static let minimumShare = Duration.seconds(3)

    init(_ addresses: [SocketAddress], deadline: MonotonicTime) {
        self.addresses = addresses
        self.deadline = deadline
        self.remaining = Array(addresses.indices)
    }

    /// Whether a connection to another address may begin. The first of all is tried in any case.
    func mayBegin(now: MonotonicTime, isFirst: Bool) -> Bool {
        now < self.deadline || isFirst && self.remaining.count == self.addresses.count
    }

    /// Until when an address that has taken a connection has time to show who is there: an equal share of the time that is
    /// left, so that one that says nothing doesn't use up the others', but no share that is too short for any of them. Those
    /// that have no turn then come first the next time, since those that failed come last.
    func shareEnd(now: MonotonicTime) -> MonotonicTime {
        let left = self.deadline - now
        return now + max(left / max(self.remaining.count, 1), min(left, Self.minimumShare))
    }

    /// It is not tried again.
    mutating func failed(_ index: Int) {
        self.remaining.removeAll { $0 == index }
    }

    /// Others come first from now on.
    mutating func putLast(_ index: Int) {
        self.failed(index)
        self.remaining.append(index)
    }
}

/// Which addresses of a name come last: those that failed when they were last tried. Pure.
struct FailedAddresses {
    /// Those that failed the longest time ago come first.
    private var failed: [String] = []

    /// More than the addresses of all brokers that a process speaks to. What failed before so many others is forgotten.
    private static let limit = 1000

    mutating func failed(_ address: SocketAddress) {
        self.succeeded(address)
        if self.failed.count >= Self.limit { self.failed.removeFirst() }
        self.failed.append(address.description)
    }

    mutating func succeeded(_ address: SocketAddress) {
        guard !self.failed.isEmpty else { return }
        let name = address.description
        self.failed.removeAll { $0 == name }
    }

    /// The others in their order, then those that failed.
    func putLast(in addresses: [SocketAddress]) -> [SocketAddress] {
        guard !self.failed.isEmpty, addresses.count > 1 else { return addresses }
        let ranks = Dictionary(uniqueKeysWithValues: self.failed.enumerated().map { ($1, $0) })
        let others = addresses.filter { ranks[$0.description] == nil }
        let last = addresses.filter { ranks[$0.description] != nil }
            .sorted { ranks[$0.description, default: 0] < ranks[$1.description, default: 0] }
        return others + last
    }
}
