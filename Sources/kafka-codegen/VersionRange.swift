// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A range of versions, which the message definitions write as `3-7`, `4`, `2+` or `none`.
struct VersionRange: Decodable, Equatable {
    static let none = VersionRange(lowest: 1, highest: 0)
    static let all = VersionRange(lowest: 0, highest: .max)

    var lowest: Int16
    var highest: Int16

    var isEmpty: Bool { self.lowest > self.highest }

    init(lowest: Int16, highest: Int16) {
        self.lowest = lowest
        self.highest = highest
    }

    init?(_ text: String) {
        if text == "none" {
            self = .none
        } else if text.hasSuffix("+"), let lowest = Int16(text.dropLast()) {
            self.init(lowest: lowest, highest: .max)
        } else if let version = Int16(text) {
            self.init(lowest: version, highest: version)
        } else {
            let ends = text.split(separator: "-").compactMap { Int16($0) }
            guard ends.count == 2, ends[0] <= ends[1] else { return nil }
            self.init(lowest: ends[0], highest: ends[1])
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let range = VersionRange(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a version range: \(text)")
        }
        self = range
    }

    func contains(_ version: Int16) -> Bool {
        version >= self.lowest && version <= self.highest
    }

    func intersection(_ other: VersionRange) -> VersionRange {
        let lowest = max(self.lowest, other.lowest)
        let highest = min(self.highest, other.highest)
        return lowest > highest ? .none : VersionRange(lowest: lowest, highest: highest)
    }

    func covers(_ other: VersionRange) -> Bool {
        self.intersection(other) == other
    }

    /// The range in words, such as "versions 3–7", where `context` has the versions that occur.
    func phrase(in context: VersionRange) -> String {
        if self.lowest == self.highest { return "version \(self.lowest)" }
        if self.highest >= context.highest { return "versions \(self.lowest)+" }
        return "versions \(self.lowest)–\(self.highest)"
    }

    /// The range as a sentence, such as "Versions 3–7.".
    func sentence(in context: VersionRange) -> String {
        let phrase = self.phrase(in: context)
        return phrase.prefix(1).uppercased() + phrase.dropFirst() + "."
    }

    /// Returns the Swift condition that `version` is in this range, or nil if every version in `context` is.
    func condition(in context: VersionRange) -> String? {
        if self.covers(context) { return nil }
        if self.lowest <= context.lowest { return "version <= \(self.highest)" }
        if self.highest >= context.highest { return "version >= \(self.lowest)" }
        if self.lowest == self.highest { return "version == \(self.lowest)" }
        return "version >= \(self.lowest) && version <= \(self.highest)"
    }

    /// Returns the Swift condition that `version` isn't in this range, or nil if every version in `context` is.
    func negatedCondition(in context: VersionRange) -> String? {
        if self.covers(context) { return nil }
        if self.lowest <= context.lowest { return "version > \(self.highest)" }
        if self.highest >= context.highest { return "version < \(self.lowest)" }
        if self.lowest == self.highest { return "version != \(self.lowest)" }
        return "version < \(self.lowest) || version > \(self.highest)"
    }
}
