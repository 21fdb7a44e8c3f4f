// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import ArgumentParsing
import AsyncKafka

#if canImport(Darwin)
import Darwin
#elseif canImport(Musl)
import Musl
#else
import Glibc
#endif

/// The options for the form of the output.
enum OutputOptions {
    static let format = Option<Output.Format>(
        "--output", short: "o", .word("FORMAT"), "table, json or csv. Default: table, or lines that read well.")

    static let all: [any Declared] = [Self.format]
}

/// Writes what a command has found, in the form that the user wants.
struct Output: Sendable {
    enum Format: String, CaseIterable, Sendable { case table, json, csv }

    let format: Format

    init(_ arguments: Arguments) {
        self.format = arguments[OutputOptions.format] ?? .table
    }

    /// Writes a list: a table, an array of objects, or lines of CSV.
    func list<Row>(_ rows: some Sequence<Row>, _ columns: [Column<Row>]) throws {
        let output = StandardStream.output
        switch self.format {
        case .table:
            let table = TextTable(
                headings: columns.map(\.heading),
                rows: rows.map { row in
                    columns.map { column in
                        let value = column.value(row)
                        return TextTable.Cell(text: value.plainText, isNumber: value.isNumber)
                    }
                })
            let lines = table.lines(
                width: Terminal.width(of: STDOUT_FILENO), isBold: Terminal.hasColours(STDOUT_FILENO))
            for line in lines { try output.writeLine(line) }
        case .json:
            try output.writeLine(JSONValue.array(rows.map { JSONValue($0, columns) }).description)
        case .csv:
            try output.writeLine(columns.map(\.name.csv).joined(separator: ","))
            for row in rows {
                try output.writeLine(columns.map { $0.value(row).plainText.csv }.joined(separator: ","))
            }
        }
    }

    /// Writes one thing: its fields one below the other, or an object.
    func show<Row>(_ row: Row, _ columns: [Column<Row>]) throws {
        guard self.format == .table else {
            if self.format == .csv { return try self.list([row], columns) }
            return try StandardStream.output.writeLine(JSONValue(row, columns).description)
        }
        let width = columns.map(\.heading.count).max() ?? 0
        for column in columns {
            let padding = String(repeating: " ", count: width - column.heading.count + 2)
            try StandardStream.output.writeLine(column.heading + padding + column.value(row).plainText.onOneLine)
        }
    }

    private struct Change {
        var item: String
        var done: String?
        var error: String?
    }

    /// Writes a value in JSON.
    func write(_ value: JSONValue) throws { try StandardStream.output.writeLine(value.description) }

    /// Says which items failed, and throws if any did.
    func failures<Item: Hashable & CustomStringConvertible, Value>(of results: [Item: Result<Value, KafkaError>]) throws
    {
        let failures = results.compactMap { item, result -> (item: String, error: KafkaError)? in
            if case .failure(let error) = result { (item.description, error) } else { nil }
        }.sorted { $0.item < $1.item }
        for (item, error) in failures { StandardStream.complain("async-kafka: \(item): \(error.message)") }
        guard let first = failures.first else { return }
        throw failures.count == results.count ? ExitStatus(of: first.error) : ExitStatus.failure
    }

    /// Writes a heading above a table. Other formats have none.
    func heading(_ text: String) throws {
        guard self.format == .table else { return }
        let isBold = Terminal.hasColours(STDOUT_FILENO)
        try StandardStream.output.writeLine(isBold ? "\u{1b}[1m\(text.onOneLine)\u{1b}[0m" : text.onOneLine)
    }

    /// Writes the result of a change of each item, and throws `ExitStatus.failure` if one failed.
    ///
    /// - Parameters:
    ///   - results: The results, by what the changes were about.
    ///   - what: The name of an item's field.
    ///   - done: What has happened to an item whose change succeeded: "created".
    func results<Item: Hashable & CustomStringConvertible, Value>(
        of results: [Item: Result<Value, KafkaError>], _ what: String, done: (Item, Value) -> String
    ) throws {
        let rows = results.map { item, result -> Change in
            switch result {
            case .success(let value): Change(item: item.description, done: done(item, value))
            case .failure(let error): Change(item: item.description, error: error.message)
            }
        }.sorted { $0.item < $1.item }
        if self.format == .table {
            for row in rows {
                if let done = row.done { try StandardStream.output.writeLine("\(row.item) \(done)".onOneLine) }
            }
        } else {
            try self.list(
                rows,
                [
                    Column(what) { .text($0.item) }, Column("result") { .text($0.done ?? "failed") },
                    Column("error") { JSONValue($0.error) },
                ])
        }
        try self.failures(of: results)
    }
}

extension JSONValue {
    init<Row>(_ row: Row, _ columns: [Column<Row>]) {
        self = .object(columns.map { Member(name: $0.name, value: $0.value(row)) })
    }
}

extension String {
    /// The text quoted as in RFC 4180 if it has a comma, quotation mark or line break.
    var csv: String {
        guard self.utf8.contains(where: { ",\"\n\r".utf8.contains($0) }) else { return self }
        return "\"" + self.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
