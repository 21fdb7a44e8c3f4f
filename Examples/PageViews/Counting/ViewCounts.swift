// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// What is counted separately: one user's views in one window.
struct UserWindow: Hashable, Sendable, Comparable {
    var user: String
    var window: Window

    /// By user, then by time.
    static func < (left: UserWindow, right: UserWindow) -> Bool {
        left.user == right.user ? left.window < right.window : left.user < right.user
    }
}

/// Views by user and window.
struct ViewCounts: Hashable, Sendable {
    private(set) var views: [UserWindow: Int] = [:]

    /// All views.
    var total: Int { self.views.values.reduce(0, +) }

    /// All counts in order: by user, then by time.
    var sorted: [(key: UserWindow, value: Int)] { self.views.sorted { $0.key < $1.key } }

    /// The views of one user in one window.
    subscript(key: UserWindow) -> Int { self.views[key, default: 0] }

    /// Counts one view.
    mutating func add(_ view: PageView) {
        self.add(1, to: UserWindow(user: view.user, window: Window(containing: view.time)))
    }

    /// Adds `number` views.
    mutating func add(_ number: Int, to key: UserWindow) {
        self.views[key, default: 0] += number
    }

    /// Adds all of `other`.
    mutating func add(_ other: ViewCounts) {
        self.views.merge(other.views, uniquingKeysWith: +)
    }
}
