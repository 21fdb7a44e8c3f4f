// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The single entry of a `sasl.jaas.config`: `org.….PlainLoginModule required username="alice" password="…";`
///
/// Parsed as Kafka's Java client does, except that an unterminated string is an error. Errors quote nothing of the text
/// but the module's name, since any part of it may belong to a password.
struct LoginModule: Hashable {
    /// A value and its position among the options, by which errors refer to it.
    struct Option: Hashable {
        var place: Int
        var value: Secret
    }

    /// The fully qualified class name.
    var name: String
    var options: [String: Option] = [:]

    /// The class name without its package.
    var className: String { String(self.name.split(separator: ".").last ?? "") }

    struct Malformed: Error, Hashable {
        var reason: String
    }

    /// Parses an entry. Only one is allowed, since Kafka clients don't use more, although JAAS files may have several.
    init(_ text: String) throws(Malformed) {
        var tokens = Tokens(text)
        guard let name = try tokens.next()?.text else {
            throw Malformed(reason: "it does not begin with a login module")
        }
        self.name = name
        guard let flag = try tokens.next()?.text,
            ["required", "requisite", "sufficient", "optional"].contains(flag.lowercased())
        else {
            throw Malformed(reason: "\"required\" must follow the login module's name")
        }
        var place = 0
        while true {
            guard let token = try tokens.next() else { throw Malformed(reason: "it must end with a semicolon") }
            if token == .symbol(";") { break }
            place += 1
            guard let key = token.text, try tokens.next() == .symbol("="), let value = try tokens.next()?.text else {
                throw Malformed(
                    reason: "option \(place) is not of the form name=\"value\" (only plain words can go without quotes)"
                )
            }
            self.options[key] = Option(place: place, value: Secret(value))
        }
        guard try tokens.next() == nil else { throw Malformed(reason: "it has more than one login module") }
    }
}

extension LoginModule {
    /// Equivalent to Java's `StreamTokenizer` as Kafka configures it.
    private struct Tokens {
        private var rest: Substring.UnicodeScalarView

        enum Token: Hashable {
            case text(String)
            /// Includes numbers, which Java doesn't accept as strings.
            case symbol(Unicode.Scalar)

            var text: String? {
                if case .text(let text) = self { text } else { nil }
            }
        }

        init(_ text: String) {
            self.rest = Substring(text).unicodeScalars
        }

        mutating func next() throws(Malformed) -> Token? {
            while let scalar = self.rest.popFirst() {
                switch scalar {
                case _ where scalar.value <= 0x20: continue
                case "/": try self.skipComment()
                case "\"", "'": return .text(try self.quoted(by: scalar))
                case _ where Self.isWordStart(scalar):
                    var word = String.UnicodeScalarView([scalar])
                    while let next = self.rest.first, Self.isWordPart(next) {
                        word.append(next)
                        self.rest.removeFirst()
                    }
                    return .text(String(word))
                default: return .symbol(scalar)
                }
            }
            return nil
        }

        private static func isWordStart(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "a"..."z", "A"..."Z", "_", "$": true
            default: scalar.value >= 0xa0
            }
        }

        private static func isWordPart(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar {
            case "0"..."9", ".", "-": true
            default: Self.isWordStart(scalar)
            }
        }

        /// Skips a comment: `/` starts one that extends to the end of the line, `/*` one that ends with `*/`.
        private mutating func skipComment() throws(Malformed) {
            guard self.rest.first == "*" else {
                self.rest = self.rest.drop { $0 != "\n" && $0 != "\r" }
                return
            }
            self.rest.removeFirst()
            var last: Unicode.Scalar?
            while let scalar = self.rest.popFirst() {
                if last == "*", scalar == "/" { return }
                last = scalar
            }
            throw Malformed(reason: "a comment is not closed")
        }

        private mutating func quoted(by quote: Unicode.Scalar) throws(Malformed) -> String {
            var text = String.UnicodeScalarView()
            while let scalar = self.rest.popFirst() {
                switch scalar {
                case quote: return String(text)
                case "\n", "\r": throw Malformed(reason: "a quoted string is not closed on its line")
                case "\\": text.append(try self.escaped())
                default: text.append(scalar)
                }
            }
            throw Malformed(reason: "a quoted string is not closed")
        }

        private mutating func escaped() throws(Malformed) -> Unicode.Scalar {
            guard let scalar = self.rest.popFirst() else { throw Malformed(reason: "a quoted string is not closed") }
            switch scalar {
            case "a": return "\u{7}"
            case "b": return "\u{8}"
            case "f": return "\u{c}"
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "v": return "\u{b}"
            case "0"..."7":
                // An octal escape, up to `\377`.
                var value = scalar.value - 0x30
                for _ in 1..<(scalar <= "3" ? 3 : 2) {
                    guard let digit = self.rest.first, ("0"..."7").contains(digit) else { break }
                    value = value * 8 + digit.value - 0x30
                    self.rest.removeFirst()
                }
                return Unicode.Scalar(value) ?? scalar
            default: return scalar
            }
        }
    }
}
