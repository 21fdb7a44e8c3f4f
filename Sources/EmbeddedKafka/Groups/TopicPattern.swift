// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import KafkaProtocol

/// A pattern of topic names, in the syntax of RE2 as far as Swift's regular expressions have it.
struct TopicPattern {
    private let regex: Regex<AnyRegexOutput>

    /// Throws `.invalidRegularExpression` if the pattern isn't one.
    init(_ pattern: String) throws(BrokerError) {
        do {
            guard !Self.hasWhatRE2Lacks(pattern) else { throw BrokerError(.invalidRegularExpression) }
            self.regex = try Regex(pattern)
        } catch {
            throw BrokerError(.invalidRegularExpression, "The pattern \(pattern) can't be read.")
        }
    }

    /// Returns whether a pattern looks ahead or back, or refers to groups, which RE2 can't.
    private static func hasWhatRE2Lacks(_ pattern: String) -> Bool {
        if ["(?=", "(?!", "(?<=", "(?<!", "(?>", "(?|", "(?#"].contains(where: pattern.contains) { return true }
        var isEscaped = false
        for character in pattern {
            if isEscaped, "123456789kgGK".contains(character) { return true }
            isEscaped = !isEscaped && character == "\\"
        }
        return false
    }

    /// Returns the names of the topics that match as a whole.
    func matches(_ topics: GroupTopics) -> Set<String> {
        Set(topics.byName.keys.filter { (try? self.regex.wholeMatch(in: $0)) != nil })
    }
}
