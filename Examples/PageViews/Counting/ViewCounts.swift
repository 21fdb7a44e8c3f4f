// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The key of a count: a user and a window.
struct UserWindow: Hashable, Sendable, Comparable {
    var user: String
    var window: Window

    /// Compares by user, then by time.
    static func < (left: UserWindow, right: UserWindow) -> Bool {
        left.user == right.user ? left.window < right.window : left.user < right.user
    }
}

/// The numbers of views by user and window.
struct ViewCounts: Hashable, Sendable {
    private(set) var views: [UserWindow: Int] = [:]

    /// The total number of views.
    var total: Int { self.views.values.reduce(0, +) }

    /// All counts, sorted by user, then by time.
    var sorted: [(key: UserWindow, value: Int)] { self.views.sorted { $0.key < $1.key } }

    /// The number of views of a user in a window.
    subscript(key: UserWindow) -> Int { self.views[key, default: 0] }

    /// Counts one view.
    mutating func add(_ view: PageView) {
        self.add(1, to: UserWindow(user: view.user, window: Window(containing: view.time)))
    }

    /// Adds a number of views.
    mutating func add(_ number: Int, to key: UserWindow) {
        self.views[key, default: 0] += number
    }

    /// Adds all counts of `other`.
    mutating func add(_ other: ViewCounts) {
        self.views.merge(other.views, uniquingKeysWith: +)
    }
}
