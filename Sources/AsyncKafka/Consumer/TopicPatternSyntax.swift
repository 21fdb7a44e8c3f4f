// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// A check for regular expressions that brokers and this library evaluate identically.
///
/// A broker evaluates a pattern with RE2/J (KIP-848); with the classic protocol, this library evaluates it with Swift's
/// `Regex`. Swift accepts some expressions that RE2 refuses (lookaround, back references, possessive quantifiers) and
/// interprets a few differently (`[a&&b]`, `a{,2}`). Both kinds are refused, so that a change of the group protocol
/// never changes the selected topics. `Regex` itself checks that brackets are balanced and ranges ascend.
struct TopicPatternSyntax {
    /// Why an expression is refused, as the end of a sentence.
    struct Refusal: Error {
        let reason: String
    }

    private var rest: Substring
    /// Whether a quantifier may follow.
    private var isRepeatable = false

    private init(_ expression: String) {
        self.rest = expression[...]
    }

    static func check(_ expression: String) throws(Refusal) {
        var syntax = TopicPatternSyntax(expression)
        while let character = syntax.rest.popFirst() { try syntax.element(startingWith: character) }
    }

    private mutating func element(startingWith character: Character) throws(Refusal) {
        switch character {
        case "\\": try self.escape()
        case "[": try self.characterClass()
        case "(": try self.group()
        case "*", "+", "?": try self.quantifier(String(character))
        case "{": try self.count()
        case "|": self.isRepeatable = false
        case "^", "$":
            // RE2 allows a quantifier after an anchor, Swift doesn't.
            self.isRepeatable = false
        default: self.isRepeatable = true
        }
    }

    // MARK: Quantifiers

    private mutating func quantifier(_ text: String) throws(Refusal) {
        guard self.isRepeatable else {
            throw Refusal(reason: "there is nothing that \"\(text)\" could repeat")
        }
        // Both accept reluctant quantifiers, which make no difference when a whole name is matched.
        if self.rest.first == "?" { self.rest.removeFirst() }
        self.isRepeatable = false
    }

    /// Parses `{n}`, `{n,}` or `{n,m}`, up to RE2's limit of 1000.
    private mutating func count() throws(Refusal) {
        let end = self.rest.firstIndex(of: "}")
        let numbers = end.map { self.rest[..<$0].split(separator: ",", omittingEmptySubsequences: false) } ?? []
        let isCount =
            (1...2).contains(numbers.count)
            && numbers.enumerated().allSatisfy { index, number in
                index == 1 && number.isEmpty
                    || number.allSatisfy(\.isASCIIDigit) && Int(number).map { $0 <= 1000 } == true
            }
        guard let end, isCount else {
            throw Refusal(
                reason: "\"{\" begins a count such as {2} or {1,3}, of at most 1000; write \\{ for the character")
        }
        self.rest = self.rest[self.rest.index(after: end)...]
        try self.quantifier("{\(numbers.joined(separator: ","))}")
    }

    // MARK: Groups

    private mutating func group() throws(Refusal) {
        self.isRepeatable = false
        guard self.rest.first == "?" else { return }
        self.rest.removeFirst()
        if self.rest.hasPrefix("P<") { self.rest.removeFirst() }
        if self.rest.first == "<", self.rest.dropFirst().first?.isLetter == true {
            let name = self.rest.dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            self.rest = self.rest[name.endIndex...]
            guard self.rest.popFirst() == ">" else {
                throw Refusal(reason: "the name of a group has a character that isn't allowed")
            }
            return
        }
        let flags = self.rest.prefix { "ims-".contains($0) }
        self.rest = self.rest[flags.endIndex...]
        guard let end = self.rest.popFirst(), end == ":" || end == ")" && !flags.isEmpty,
            flags.split(separator: "-", omittingEmptySubsequences: false).count <= 2, flags.last != "-"
        else {
            throw Refusal(
                reason:
                    "after \"(?\" only a colon, a group's name or the flags i, m and s can follow: there is no lookahead or lookbehind"
            )
        }
    }

    // MARK: Escapes and classes

    private mutating func escape() throws(Refusal) {
        guard let character = self.rest.popFirst() else { throw Refusal(reason: "it ends with \"\\\"") }
        self.isRepeatable = true
        switch character {
        case "d", "D", "s", "S", "w", "W": break
        case "A", "z": self.isRepeatable = false
        case "b", "B":
            // Swift 6.3 doesn't treat digits as word characters here.
            throw Refusal(reason: "word boundaries are not supported")
        case "Q":
            guard let end = self.rest.firstRange(of: "\\E") else { throw Refusal(reason: "\"\\Q\" needs an \"\\E\"") }
            self.isRepeatable = end.lowerBound != self.rest.startIndex
            self.rest = self.rest[end.upperBound...]
        default: try Self.character(escapedAs: character, &self.rest)
        }
    }

    /// Parses an escape for a single character, inside or outside of a class.
    private static func character(escapedAs character: Character, _ rest: inout Substring) throws(Refusal) {
        switch character {
        case "f", "n", "r", "t": return
        case "x":
            let digits = rest.prefix(2)
            if digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) {
                rest = rest[digits.endIndex...]
                return
            }
        default:
            if character.isASCII, !character.isLetter, !character.isNumber, !character.isWhitespace { return }
        }
        throw Refusal(
            reason: character.isNumber
                ? "there are no back references such as \\\(character)"
                : "the escape \\\(character) has no meaning there")
    }

    private mutating func characterClass() throws(Refusal) {
        if self.rest.first == "^" { self.rest.removeFirst() }
        var isFirst = true
        /// Whether the last element can begin a range.
        var canBeginRange = false
        while let character = self.rest.popFirst() {
            switch character {
            case "]" where isFirst:
                throw Refusal(reason: "a class is empty; write \\] for the character")
            case "]":
                self.isRepeatable = true
                return
            case "[":
                try self.namedClass()
                canBeginRange = false
            case "-" where !isFirst && self.rest.first != "]":
                guard canBeginRange, let end = self.rest.popFirst(), end != "-", end != "[" else {
                    throw Self.strayHyphen
                }
                if end == "\\" { try self.escapeInClass(isEndOfRange: true) }
                canBeginRange = false
            case "\\": canBeginRange = try self.escapeInClass(isEndOfRange: false)
            case "&" where self.rest.first == "&", "~" where self.rest.first == "~":
                throw Refusal(
                    reason: "\"\(character)\(character)\" in a class is read in different ways; write \(character) once"
                )
            default: canBeginRange = true
            }
            isFirst = false
        }
        throw Refusal(reason: "a class has no end: \"]\" is missing")
    }

    private static let strayHyphen = Refusal(
        reason: "\"-\" in a class stands between two characters, first or last; write \\- elsewhere")

    /// Parses an escape in a class.
    ///
    /// - Returns: whether it stands for a single character.
    @discardableResult
    private mutating func escapeInClass(isEndOfRange: Bool) throws(Refusal) -> Bool {
        guard let character = self.rest.popFirst() else { throw Refusal(reason: "it ends with \"\\\"") }
        if "dDsSwW".contains(character) {
            if isEndOfRange { throw Self.strayHyphen }
            return false
        }
        try Self.character(escapedAs: character, &self.rest)
        return true
    }

    /// Parses a named class such as `[:alpha:]`, after its opening bracket.
    private mutating func namedClass() throws(Refusal) {
        let names = [
            "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
            "word",
            "xdigit",
        ]
        let name = self.rest.dropFirst().prefix { $0 == "^" || $0.isLetter }
        guard self.rest.first == ":", self.rest[name.endIndex...].hasPrefix(":]"),
            names.contains(String(name.first == "^" ? name.dropFirst() : name))
        else { throw Refusal(reason: "\"[\" in a class begins a name such as [:alpha:]; write \\[ for the character") }
        self.rest = self.rest[name.endIndex...].dropFirst(2)
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { self.isASCII && self.isNumber }
}
