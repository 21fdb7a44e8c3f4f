// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// Which topics a consumer reads, by their names: those of today and those that are created later.
public struct TopicPattern: Sendable {
    private let isMatch: @Sendable (String) -> Bool

    /// The topics whose whole name matches a regular expression, such as `orders-.*`.
    ///
    /// - Throws: `.invalidArgument` if it is not a regular expression.
    public init(_ expression: String) throws(KafkaError) {
        do {
            _ = try Regex(expression)
        } catch {
            throw KafkaError(
                .invalidArgument, "The topic pattern \"\(expression)\" is not a regular expression.",
                underlyingError: error)
        }
        // A Regex can't be shared between threads; names are only looked at when metadata changes.
        self.isMatch = { name in
            guard let regex = try? Regex(expression) else { return false }
            return name.wholeMatch(of: regex) != nil
        }
    }

    /// The topics whose name satisfies a condition.
    public init(where condition: @escaping @Sendable (String) -> Bool) {
        self.isMatch = condition
    }

    /// Whether a topic of this name is meant.
    public func matches(_ topic: String) -> Bool { self.isMatch(topic) }
}
