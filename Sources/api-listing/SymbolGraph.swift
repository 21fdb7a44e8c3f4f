// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// As much of a symbol graph, which the compiler writes of a module, as a listing needs.
struct SymbolGraph: Decodable {
    struct Fragment: Decodable {
        var spelling: String
    }

    struct Symbol: Decodable {
        struct Identifier: Decodable {
            var precise: String
        }

        var identifier: Identifier
        var pathComponents: [String]
        var declarationFragments: [Fragment]
    }

    struct Relationship: Decodable {
        var kind: String
        var source: String
        /// What a type conforms to; names of other modules' protocols are in `targetFallback`.
        var target: String
        var targetFallback: String?
    }

    var symbols: [Symbol]
    var relationships: [Relationship]

    /// One line a declaration, in order: types with what they conform to, members with the type in front.
    var listing: [String] {
        let names = Dictionary(self.symbols.map { ($0.identifier.precise, $0.pathComponents.joined(separator: ".")) }) {
            first, _ in first
        }
        let conformances = Dictionary(grouping: self.relationships.filter { $0.kind == "conformsTo" }, by: \.source)
            .mapValues { conformances in
                conformances.compactMap { names[$0.target] ?? $0.targetFallback }.sorted()
            }
        // What the compiler adds for a conformance is said by the conformance.
        return self.symbols.filter { !$0.identifier.precise.contains("::SYNTHESIZED::") }
            .map { symbol in
                let declaration = symbol.declarationFragments.map(\.spelling).joined().split(
                    whereSeparator: \.isNewline
                )
                .map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
                let conformsTo = conformances[symbol.identifier.precise].map { ": " + $0.joined(separator: ", ") } ?? ""
                let path = symbol.pathComponents.joined(separator: ".")
                return "\(path)    \(declaration)\(conformsTo)"
            }
            .sorted()
    }
}
