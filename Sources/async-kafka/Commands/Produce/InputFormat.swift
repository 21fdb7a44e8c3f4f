// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// How records stand in a file or in standard input.
enum InputFormat: String, CaseIterable, Sendable {
    case lines
    case keyed
    case json
    case lengthPrefixed = "length-prefixed"
}

/// Makes records from the lines of an input.
struct RecordReader: ~Copyable {
    private let format: InputFormat
    private let pattern: ProducerRecord
    private let delimiter: [UInt8]
    private var input: ByteInput
    private var count = 0

    init(_ format: InputFormat, _ pattern: ProducerRecord, delimiter: String, _ input: consuming ByteInput) {
        self.format = format
        self.pattern = pattern
        self.delimiter = Array(delimiter.utf8)
        self.input = input
    }

    /// Returns the next record, or nil at the end.
    mutating func next() throws -> ProducerRecord? {
        if self.format == .lengthPrefixed { return try self.nextOfLength() }
        guard let line = try self.input.line() else { return nil }
        self.count += 1
        var record = self.pattern
        switch self.format {
        case .lines, .lengthPrefixed: record.value = Bytes(line)
        case .keyed:
            guard let place = line.firstRange(of: self.delimiter) else {
                throw self.failure("it has no delimiter \"\(String(decoding: self.delimiter, as: UTF8.self))\"")
            }
            record.key = Bytes(line[..<place.lowerBound])
            record.value = Bytes(line[place.upperBound...])
        case .json:
            do throws(Failure) {
                try JSONRecord(parsing: line).fill(&record)
            } catch {
                throw self.failure(error.description)
            }
        }
        return record
    }

    private mutating func nextOfLength() throws -> ProducerRecord? {
        guard let prefix = try self.input.bytes(4), !prefix.isEmpty else { return nil }
        self.count += 1
        guard prefix.count == 4 else { throw self.failure("its length takes 4 bytes, and there are fewer") }
        let length = prefix.reduce(0) { $0 << 8 | Int($1) }
        guard length <= ByteInput.maximumCount else { throw self.failure("its length is \(length), which is too much") }
        guard let value = try self.input.bytes(length) else { return nil }
        guard value.count == length else { throw self.failure("its length is \(length), and there are fewer bytes") }
        var record = self.pattern
        record.value = Bytes(value)
        return record
    }

    private func failure(_ reason: String) -> Failure {
        Failure("\(self.format == .lengthPrefixed ? "Record" : "Line") \(self.count) can't be written: \(reason).")
    }
}

extension ArraySlice<UInt8> {
    fileprivate func firstRange(of part: [UInt8]) -> Range<Int>? {
        guard let first = part.first else { return nil }
        var start = self.startIndex
        while let place = self[start...].firstIndex(of: first), place + part.count <= self.endIndex {
            if self[place..<place + part.count].elementsEqual(part) { return place..<place + part.count }
            start = place + 1
        }
        return nil
    }
}
