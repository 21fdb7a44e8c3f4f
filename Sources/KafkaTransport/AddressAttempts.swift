// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The addresses of a host, tried in turn until one of them does, all within a deadline. Each gets an equal share of the time
/// that is left, so that one that is silent doesn't use up the others'. Pure.
package struct AddressAttempts: Sendable {
    /// One address, and until when to try it.
    package struct Attempt: Sendable {
        package let address: SocketAddress
        package let deadline: MonotonicTime
    }

    package let addresses: [SocketAddress]
    private let deadline: MonotonicTime
    private var nextIndex = 0

    package init(_ addresses: [SocketAddress], deadline: MonotonicTime) {
        self.addresses = addresses
        self.deadline = deadline
    }

    /// The next address; nil if there is no other, or no time for one. The first is tried in any case.
    package mutating func next(now: MonotonicTime) -> Attempt? {
        let index = self.nextIndex
        guard index < self.addresses.count, index == 0 || now < self.deadline else { return nil }
        self.nextIndex += 1
        let share = (self.deadline - now) / (self.addresses.count - index)
        return Attempt(address: self.addresses[index], deadline: now + share)
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
