// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

/// The comments of the generated code, read from `Definitions/comments.tsv`.
///
/// A line has a key, a tab and a text. A key is the name of an API, whose text says what the request does, of a message
/// that is neither a request nor a response, or of a field. Where a field's meaning depends on its place or its type, the
/// key is `Structure.field`, `Message/Structure.field` or `field:Type`.
final class Comments {
    private let texts: [String: String]
    private var used: Set<String> = []

    init(_ table: String) throws {
        let lines = try table.split(separator: "\n").map { line in
            let columns = line.split(separator: "\t").map(String.init)
            guard columns.count == 2 else { throw CodegenError("comments.tsv: \(line)") }
            return (columns[0], columns[1])
        }
        self.texts = try Dictionary(lines) { _, text in throw CodegenError("comments.tsv has a key twice: \(text)") }
    }

    func text(for key: String) throws -> String {
        guard let text = self.texts[key] else { throw CodegenError("comments.tsv has no text for \(key)") }
        self.used.insert(key)
        return text
    }

    func text(for field: Field, of structure: Structure, in message: MessageDefinition) throws -> String {
        let keys = [
            "\(message.name)/\(structure.name).\(field.name)", "\(structure.name).\(field.name)",
            "\(field.name):\(field.type.swiftName)",
        ]
        return try self.text(for: keys.first { self.texts[$0] != nil } ?? field.name)
    }

    /// Throws an error if the table has a text that nothing uses.
    func checkAllUsed() throws {
        let unused = self.texts.keys.filter { !self.used.contains($0) }.sorted()
        guard unused.isEmpty else {
            throw CodegenError("comments.tsv has unused keys: \(unused.joined(separator: ", "))")
        }
    }
}
