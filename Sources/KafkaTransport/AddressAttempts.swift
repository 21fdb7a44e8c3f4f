// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The addresses of a host that are left to try, all within a deadline. A pure value.
struct AddressAttempts: Sendable {
    let addresses: [SocketAddress]
    let deadline: MonotonicTime
    /// The indices of the addresses that have not failed, in the order in which they are tried.
    private(set) var remaining: [Int]

    /// The delay after which the next connection attempt starts in parallel (RFC 8305).
    static let delay = Duration.milliseconds(250)
    /// The minimum time for TLS and a response from a distant or busy broker.
    static let minimumShare = Duration.seconds(3)

    init(_ addresses: [SocketAddress], deadline: MonotonicTime) {
        self.addresses = addresses
        self.deadline = deadline
        self.remaining = Array(addresses.indices)
    }

    /// Returns whether a connection to another address may start. The very first attempt may always start.
    func mayBegin(now: MonotonicTime, isFirst: Bool) -> Bool {
        now < self.deadline || isFirst && self.remaining.count == self.addresses.count
    }

    /// Returns the deadline for the handshake and first response on a connected address.
    ///
    /// It is an equal share of the time left, so that one silent address doesn't use up the time of the others, but at
    /// least `minimumShare`. Addresses that get no turn because of that come first the next time, because failed ones
    /// come last.
    func shareEnd(now: MonotonicTime) -> MonotonicTime {
        let left = self.deadline - now
        return now + max(left / max(self.remaining.count, 1), min(left, Self.minimumShare))
    }

    /// Removes an address, so that it isn't tried again.
    mutating func failed(_ index: Int) {
        self.remaining.removeAll { $0 == index }
    }

    /// Moves an address to the end of the order.
    mutating func putLast(_ index: Int) {
        self.failed(index)
        self.remaining.append(index)
    }
}

/// The addresses that failed when they were last tried, so that they can be tried last. A pure value.
struct FailedAddresses {
    /// The failed addresses, the oldest failure first.
    private var failed: [String] = []

    /// The maximum number of entries, above the number of all brokers that a process connects to. The oldest are
    /// removed.
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

    /// Returns `addresses` in their order, with those that failed moved to the end.
    func putLast(in addresses: [SocketAddress]) -> [SocketAddress] {
        guard !self.failed.isEmpty, addresses.count > 1 else { return addresses }
        let ranks = Dictionary(uniqueKeysWithValues: self.failed.enumerated().map { ($1, $0) })
        let others = addresses.filter { ranks[$0.description] == nil }
        let last = addresses.filter { ranks[$0.description] != nil }
            .sorted { ranks[$0.description, default: 0] < ranks[$1.description, default: 0] }
        return others + last
    }
}
