// This source file is part of the AsyncKafka project.
//
// Copyright (c) 2026 the AsyncKafka project authors
// Licensed under Apache License v2.0. See LICENSE for license information.
//
// SPDX-License-Identifier: Apache-2.0

import AsyncKafka

/// Filters records and writes them to standard output, a response of a broker at a time.
struct RecordWriter {
    private let filter: RecordFilter
    private let format: RecordFormat
    /// The number of records that may still be written. Nil means all.
    private var left: Int?

    init(_ consume: Consume) {
        self.filter = consume.filter
        self.format = consume.format
        self.left = consume.count
        self.isFirst = true
    }

    private var isFirst: Bool

    var isDone: Bool { self.left == 0 }

    /// Returns how many of the records were looked at: all, or those up to the last one that may be written.
    @discardableResult
    mutating func write(_ records: [ConsumerRecord]) throws -> Int {
        var output: [UInt8] = []
        if self.isFirst {
            self.isFirst = false
            output += self.format.heading
        }
        var seen = 0
        for record in records {
            guard self.left != 0 else { break }
            seen += 1
            guard self.filter.matches(record) else { continue }
            self.format.append(record, to: &output)
            self.left = self.left.map { $0 - 1 }
        }
        if !output.isEmpty { try StandardStream.output.write(output) }
        return seen
    }
}
