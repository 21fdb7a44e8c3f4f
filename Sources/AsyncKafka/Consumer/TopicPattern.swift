// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A pattern that selects topics by name, including topics that are created later.
///
/// ```swift
/// try consumer.subscribe(toTopicsMatching: TopicPattern("orders-.*"))
/// ```
public struct TopicPattern: Sendable {
    private enum Rule: Sendable {
        case expression(String)
        case condition(@Sendable (String) -> Bool)
    }
    private let rule: Rule

    /// Creates a pattern of the topics whose whole name matches a regular expression, such as `orders-.*`.
    ///
    /// The syntax is that of [RE2](https://github.com/google/re2/wiki/Syntax), which brokers evaluate (KIP-848), as far
    /// as it is useful for names of topics. Lookahead, lookbehind, back references, word boundaries and classes such as
    /// `\p{Greek}` are refused. Avoid nested repetitions such as `(a+)+`, which can take very long to evaluate.
    ///
    /// - Throws: `.invalidArgument` with the reason if `expression` doesn't have this syntax.
    public init(_ expression: String) throws(KafkaError) {
        do throws(TopicPatternSyntax.Refusal) {
            try TopicPatternSyntax.check(expression)
        } catch {
            throw KafkaError(
                .invalidArgument,
                "The topic pattern \"\(expression)\" is not a regular expression that brokers know (RE2): \(error.reason)."
            )
        }
        guard Self.regex(expression) != nil else {
            throw KafkaError(.invalidArgument, "The topic pattern \"\(expression)\" is not a regular expression.")
        }
        self.rule = .expression(expression)
    }

    /// Creates a pattern of the topics whose name satisfies a condition.
    ///
    /// This client evaluates the condition. Prefer a regular expression where possible, because brokers can evaluate
    /// it, too.
    ///
    /// - Parameter condition: called for each topic of the cluster whenever metadata changes.
    public init(where condition: @escaping @Sendable (String) -> Bool) {
        self.rule = .condition(condition)
    }

    /// The regular expression, or nil if the topics are chosen by a condition.
    public var expression: String? {
        if case .expression(let expression) = self.rule { expression } else { nil }
    }

    /// Returns whether the pattern selects a topic of this name.
    public func matches(_ topic: String) -> Bool { !self.matching([topic]).isEmpty }

    /// Returns the names that the pattern selects. The expression is compiled on each call, because a `Regex` can't be
    /// shared between threads.
    func matching(_ topics: some Sequence<String>) -> [String] {
        switch self.rule {
        case .condition(let condition): return topics.filter(condition)
        case .expression(let expression):
            guard let regex = Self.regex(expression) else { return [] }
            return topics.filter { $0.wholeMatch(of: regex) != nil }
        }
    }

    /// Compiles an expression with the semantics of brokers: characters are code points, and character classes contain
    /// ASCII only.
    private static func regex(_ expression: String) -> Regex<AnyRegexOutput>? {
        try? Regex(expression).asciiOnlyCharacterClasses().matchingSemantics(.unicodeScalar)
    }
}
